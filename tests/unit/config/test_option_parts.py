"""Options of which a job is given a part: others cannot be read."""

import pytest
from pydantic import ValidationError

from spikedrift.config.compare import Compare


def test_a_part_has_what_was_given_and_nothing_at_its_default():
    part = Compare.part({"confidence": 0.9, "structure": {"halves": 5}})
    assert part.confidence == 0.9
    assert part.structure.halves == 5 and part.structure.window == Compare().structure.window
    with pytest.raises(AttributeError, match="statistics"):
        _ = part.statistics
    assert '"min_units"' not in part.model_dump_json()


def test_a_part_is_checked():
    with pytest.raises(ValidationError, match="confidence"):
        Compare.part({"confidence": 2})
