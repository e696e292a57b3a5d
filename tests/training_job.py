"""A training in a process of its own that is killed: `python training_job.py RESULT OPTIONS N`."""

import json
import os
import signal
import sys
from pathlib import Path

from spikedrift.config.overrides import override
from spikedrift.core.atomic import write_netcdf
from spikedrift.networks import training
from spikedrift.networks.checkpoints import Checkpoints
from spikedrift.networks.models import balanced_trained as bt
from spikedrift.networks.session_plan import NetworkRun

NAME = "balanced_trained-x-i0"
SMALL = {
    "balance.n_cells": 200, "balance.k": 30, "balance.drive": 0.3, "n_trained": 40, "in_degree": 5,
    "n_outside": 12, "before": 0.1, "stimulus": 0.05, "duration": 0.4, "loops": 4, "trace_loops": 2,
    "tests": 2,
}  # fmt: skip


def options(changes):
    """Options of a small network."""
    return override(bt.BalancedTrained(), {**SMALL, **changes}, "b")


def trained(result, changes, seed=1, digest="code", checkpoints=Checkpoints):
    """Do as the rule `train`, and return its file."""
    kept = checkpoints(result, digest)
    run = NetworkRun(NAME, {}, seed, 0)
    write_netcdf(training.train(bt.MODEL, options(changes).as_trained(), run, kept), result)
    kept.remove()
    return result


class Killed(Checkpoints):
    """SIGKILL in the middle of a state, once so many were written: at any speed of the machine."""

    left = 0
    due = True

    def write(self, state):
        if not self.left:
            state = {**state, "last": Last()}
        super().write(state)
        self.left -= 1


class Last:
    """What kills the process as it is written."""

    def __array__(self, dtype=None, copy=None):
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    Killed.left = int(sys.argv[3])
    trained(Path(sys.argv[1]), json.loads(sys.argv[2]), checkpoints=Killed)
