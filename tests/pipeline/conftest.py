"""A small run of the whole workflow."""

from collections.abc import Callable
from pathlib import Path

import pytest
from running import small


@pytest.fixture(scope="session")
def finished(new_clone: Callable[[], Path]) -> Path:
    """A clone in which the small configuration ran undisturbed. Tests put back what they edit."""
    directory = new_clone()
    done = small(directory)
    if done.returncode:
        pytest.fail(done.stdout[-5000:], pytrace=False)
    return directory
