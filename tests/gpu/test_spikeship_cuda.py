"""SpikeShip on a GPU: the CPU's values, in numba's simulator and on a GPU where there is one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spikedrift.core.errors import InputError
from spikedrift.similarity.cuda import missing
from spikedrift.similarity.spikeship import spikeship_matrix

NVCC = shutil.which("nvcc")


def on_cuda(mode: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("spikeship_on_cuda.py"), mode],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout


def test_simulated_gpu_gives_the_values_of_the_cpu():
    on_cuda("simulate", NUMBA_ENABLE_CUDASIM="1")


@pytest.mark.skipif(NVCC is None, reason="nvcc not on PATH")
def test_compiles_for_a_gpu():
    homes = [Path(NVCC).resolve().parents[1], Path("/usr/local/cuda")]
    home = next((path for path in homes if (path / "nvvm/libdevice").is_dir()), None)
    if home is None:
        pytest.skip("no CUDA toolkit with libdevice")
    code = on_cuda("compile", CUDA_HOME=str(home))
    assert code.count(".target sm_90") == 2


@pytest.mark.skipif(missing() is not None, reason="no GPU")
def test_gpu_gives_the_values_of_the_cpu():
    on_cuda("run")


@pytest.mark.skipif(missing() is None, reason="there is a GPU")
def test_without_a_gpu_one_line_says_what_is_missing():
    with pytest.raises(InputError, match=r"device 'cuda' needs an NVIDIA GPU.*use device 'cpu'"):
        spikeship_matrix(np.array([0.1, 0.2]), np.array([0, 1, 2]), 2, 1, device="cuda")
