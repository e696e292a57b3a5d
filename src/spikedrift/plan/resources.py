"""What jobs ask a scheduler for."""

from collections.abc import Callable
from typing import Any


def more(amount: int) -> Callable[[Any, int], int]:
    """Resource of a rule: so much, and as much again at each further attempt (`--retries`)."""
    return lambda wildcards, attempt: attempt * amount
