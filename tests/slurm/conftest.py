"""One Slurm for all tests of it."""

from collections.abc import Iterator

import pytest
from clusters import Cluster, cluster


@pytest.fixture(scope="session")
def slurm() -> Iterator[Cluster]:
    """A running Slurm of three nodes. Mark: slurm."""
    with cluster() as found:
        yield found
