"""Change of a number in a stretch of time."""

import numpy as np

from spikedrift.stats.stretch import relative_change

TIME, RISING = np.array([0.0, 10.0]), np.array([1.0, 2.0])


def test_it_is_relative_to_the_value_in_the_end():
    assert relative_change(TIME, RISING, 10.0, 5.0, 0.0) == 0.25
    assert relative_change(TIME, RISING, 5.0, 5.0, 0.0) == 0.5 / 1.5
    assert relative_change(TIME, -RISING, 10.0, 5.0, 0.0) == 0.25


def test_a_change_is_scaled_where_less_time_is_known():
    assert relative_change(TIME, RISING, 10.0, 20.0, 0.0) == 1.0
    assert relative_change(TIME, RISING, 10.0, 20.0, 5.0) == 1.0


def test_there_is_none_without_time_or_a_value():
    assert relative_change(TIME, np.zeros(2), 10.0, 5.0, 0.0) is None
    assert relative_change(TIME, RISING, 5.0, 5.0, 5.0) is None
