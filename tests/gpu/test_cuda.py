"""The rules on CUDA: code for all, one compiled, and on a GPU the same weights as in Python."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import brian2 as b
import numpy as np
import pytest
from inducing import cell_of, fixed_spikes, fixed_values, set_up

from spikedrift.plasticity import registry
from spikedrift.plasticity.bench import assemble

HERE = Path(__file__).parent
NO_GPU = shutil.which("nvidia-smi") is None or subprocess.run(["nvidia-smi"]).returncode != 0


def on_cuda(folder: Path, mode: str, *rules: str) -> None:
    paths = os.pathsep.join([str(HERE.parent), *sys.path])
    done = subprocess.run(
        [sys.executable, HERE / "on_cuda.py", folder, mode, *rules],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]


def test_code_of_every_rule_generates(tmp_path):
    on_cuda(tmp_path, "generate", *registry.names())
    for name in registry.names():
        project = tmp_path / name
        assert (project / "main.cu").is_file()
        # The statements of the rule reached a kernel.
        code = "".join(path.read_text() for path in (project / "code_objects").glob("*.cu"))
        assert "_dynamic_array_synapses_w" in code and "__global__" in code
        for parameter in registry.declared(name).parameters:
            assert parameter.name in code, f"{name}: {parameter.name} is nowhere in the code"


def test_synapses_add_to_their_cell_without_a_race(tmp_path):
    on_cuda(tmp_path, "generate", "subtractive_normalization")
    project = tmp_path / "subtractive_normalization" / "code_objects"
    code = "".join(path.read_text() for path in project.glob("synapses_run_regularly*.cu"))
    assert "_brian_atomicAdd(&_ptr_array_cells_rule_total[" in code


@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc not on PATH")
def test_one_compiles(tmp_path):
    on_cuda(tmp_path, "compile", "triplet_stdp")
    program = tmp_path / "triplet_stdp" / "main"
    assert os.access(program, os.X_OK)
    holds = program.read_bytes()
    assert b"sm_90" in holds and b"kernel_synapses_post_codeobject" in holds


@pytest.mark.skipif(NO_GPU, reason="no GPU")
def test_weights_on_a_gpu_are_those_of_python(tmp_path):
    on_cuda(tmp_path, "run", *registry.names())
    b.prefs.codegen.target = "numpy"
    for name in registry.names():
        rule = registry.get(name)
        pre, post, start = fixed_spikes(cell_of(rule))
        b.start_scope()
        bench = assemble([rule], cell_of(rule), len(start), pre, post)
        set_up(bench, rule, fixed_values(rule), start, 1.0)
        bench.network.run(0.2 * b.second)
        got = np.load(tmp_path / f"{name}.npy")
        np.testing.assert_allclose(got, bench.synapses.w, rtol=1e-6, err_msg=name)
