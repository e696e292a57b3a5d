"""Kernels are compiled in one way, whatever numba is told from outside."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import spikedrift

ACTING = {
    "NUMBA_OPT": "0",
    "NUMBA_CPU_NAME": "generic",
    "NUMBA_LOOP_VECTORIZE": "0",
    "NUMBA_SLP_VECTORIZE": "1",
    "NUMBA_ENABLE_AVX": "0",
    "NUMBA_DISABLE_JIT": "1",
}
SHOW = """
import spikedrift.similarity.kernels
from numba import config, njit
names = "OPT CPU_NAME CPU_FEATURES LOOP_VECTORIZE SLP_VECTORIZE ENABLE_AVX DISABLE_JIT".split()
print(*(f"{name}={getattr(config, name)}" for name in names), sep="\\n")
print(config.CACHE_DIR, config.NUMBA_NUM_THREADS)
"""


def settings(folder, **variables):
    places = {"NUMBA_CACHE_DIR": "/kept", "NUMBA_NUM_THREADS": "1"}
    source = str(Path(spikedrift.__path__[0]).parent)
    done = subprocess.run(
        [sys.executable, "-c", SHOW], cwd=folder, capture_output=True, text=True, check=True,
        env={**os.environ, **places, **variables, "PYTHONPATH": source},
    )  # fmt: skip
    return done.stdout.splitlines()


@pytest.mark.fault("digests", "a variable or a file that numba heeds", cases=len(ACTING) + 1)
@pytest.mark.compiles
def test_nothing_from_outside_changes_how_kernels_are_compiled(tmp_path):
    plain = settings(tmp_path)
    assert plain[-1] == "/kept 1" and "DISABLE_JIT=0" in plain and "LOOP_VECTORIZE=1" in plain
    (tmp_path / ".numba_config.yaml").write_text("cpu_features: ''\n")
    assert settings(tmp_path, **ACTING) == plain
