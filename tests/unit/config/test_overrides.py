"""Options with some values changed."""

from copy import deepcopy

from spikedrift.config.overrides import override
from spikedrift.networks.models.pattern_network import PatternNetwork


def test_values_that_are_changed_in_parts_stay_the_callers():
    changes = {
        "phases": [{"kind": "block", "repeats": 2}, {"kind": "block", "repeats": 2}],
        "phases.1.repeats": 4,
    }
    given = deepcopy(changes)
    found = override(PatternNetwork(), changes, "here")
    assert [phase.repeats for phase in found.phases] == [2, 4]
    assert changes == given
