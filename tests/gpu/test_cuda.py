"""The rules on CUDA: code for all, and on a GPU the same weights as in Python."""

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


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """Folder with the CUDA code of every rule."""
    folder = tmp_path_factory.mktemp("generated")
    on_cuda(folder, "generate", *registry.names())
    return folder


def test_code_of_every_rule_generates(generated):
    for name in registry.names():
        project = generated / name
        assert (project / "main.cu").is_file()
        # The statements of the rule reached a kernel.
        code = "".join(path.read_text() for path in (project / "code_objects").glob("*.cu"))
        assert "_dynamic_array_synapses_w" in code and "__global__" in code
        for parameter in registry.declared(name).parameters:
            assert parameter.name in code, f"{name}: {parameter.name} is nowhere in the code"


def test_synapses_add_to_their_cell_without_a_race(generated):
    project = generated / "subtractive_normalization" / "code_objects"
    code = "".join(path.read_text() for path in project.glob("synapses_run_regularly*.cu"))
    assert "_brian_atomicAdd(&_ptr_array_cells_rule_total[" in code


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
