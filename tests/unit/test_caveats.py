"""Whether a recording can carry inference, asked of its attributes."""

import pytest

from spikedrift.config.synthetic import SyntheticOptions
from spikedrift.core.errors import InputError
from spikedrift.sources.synthetic import record
from spikedrift.spikes import caveats
from spikedrift.spikes.layout import Layout

KNOWN = {"recording": "a.movie", "subject": "animal 7", "pseudo_population": 0,
         "trial_order_known": 1}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, ""),
        ({"trial_order_known": 0}, caveats.ASSUMED),
        ({"pseudo_population": 1}, caveats.POOLED),
        ({"pseudo_population": 1, "trial_order_known": 0}, caveats.POOLED),
    ],
)
def test_order_and_pooling_are_caveats_of_a_recording(changed, found):
    assert caveats.caveat({**KNOWN, **changed}) == found


@pytest.mark.parametrize("name", ["subject", "pseudo_population", "trial_order_known"])
def test_what_is_not_said_is_no_yes(name):
    lacking = {key: value for key, value in KNOWN.items() if key != name}
    ask = caveats.subject_of if name == "subject" else caveats.caveat
    with pytest.raises(InputError, match=rf"a.movie: attribute '{name}' is missing") as raised:
        ask(lacking)
    assert "\n" not in str(raised.value)


def test_one_block_is_refused_with_what_to_do():
    one = record(SyntheticOptions(blocks=1, segments=2, repeats=2, units=5), "a.movie", 0)
    with pytest.raises(InputError, match=r"a.movie: x needs two blocks, .* recording blocks"):
        caveats.need_blocks(Layout.of(one), "x")
