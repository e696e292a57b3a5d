"""Synthetic Neuropixels sessions in the true format, written once a run; a warehouse of them."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from session_truth import DATA_SET, SESSIONS, Session
from warehouse import CONTAINER, EXPERIMENTS, Warehouse, container, ecephys

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Written:
    """A session's file and what is in it."""

    made_from: Session
    path: Path
    truth: dict[str, Any]

    def spikes(self, unit: int) -> np.ndarray:
        """Spike times of the unit with an id; s."""
        row = int(np.flatnonzero(self.truth["unit_id"] == unit)[0])
        first, last = self.truth["spike_offset"][row : row + 2]
        return self.truth["spike_time"][first:last]


@pytest.fixture(scope="session")
def neuropixels_mirror(allen_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory with the sessions as `{data set}/{file}`, as `fetch.mirror` takes it."""
    mirror = tmp_path_factory.mktemp("mirror")
    running = []
    for session in SESSIONS:
        command = [
            *(str(allen_python), str(HERE / "write_neuropixels.py"), str(session.session)),
            *(session.kind, str(mirror / DATA_SET / f"session_{session.session}")),
            *([] if session.eye_tracking else ["--no-eye-tracking"]),
        ]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
    for process in running:
        said, _ = process.communicate()
        if process.returncode:
            pytest.fail(said.decode()[-3000:], pytrace=False)
    return mirror


@pytest.fixture(scope="session")
def neuropixels(neuropixels_mirror: Path) -> dict[int, Written]:
    """Sessions by id: two with both movies, the second without a pupil; one with more repeats."""
    found = {}
    for session in SESSIONS:
        folder = neuropixels_mirror / DATA_SET / f"session_{session.session}"
        path = folder / f"session_{session.session}.nwb"
        with np.load(path.with_suffix(".truth.npz")) as truth:
            found[session.session] = Written(session, path, dict(truth))
    return found


@pytest.fixture
def warehouse(neuropixels: dict[int, Written]) -> Iterator[Warehouse]:
    """The sessions and three two-photon containers, one of them whole, behind RMA on loopback."""
    held = Warehouse()
    for session, written in neuropixels.items():
        held.add(ecephys(written.truth))
        held.add_file("EcephysSession", "EcephysNwb", session, written.path)
    held.add(container(CONTAINER, EXPERIMENTS))
    held.add(container(511510855, [(502115959, "three_session_A", "2016-03-01T10:00:00Z")]))
    failed = [(id_ + 1, kind, date) for id_, kind, date in EXPERIMENTS]
    held.add(container(511510999, failed, failed=True))
    with held.serving():
        yield held
