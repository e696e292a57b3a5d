"""Where a batch runs, by what stand-ins for nvidia-smi and nvcc tell."""

import logging

import numpy as np
import pytest
from small_network import MODEL, declared, small

from spikedrift.config.simulation import Simulation
from spikedrift.core.errors import InputError
from spikedrift.networks.memory import memory
from spikedrift.networks.simulate import simulate
from spikedrift.simulation import gpu

H100 = "NVIDIA H100 80GB HBM3, 9.0, 550.54.15, 80000"
NVCC = 'echo "Cuda compilation tools, release 12.4, V12.4.131"'
CUDA = Simulation(backend="cuda")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Put stand-ins on a PATH that holds nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def make(told=H100, cuda="12.4", nvcc=NVCC):
        scripts = {"nvcc": nvcc}
        if told:
            header = f"| NVIDIA-SMI 550.54.15   Driver Version: 550.54.15   CUDA Version: {cuda} |"
            scripts["nvidia-smi"] = (
                f'echo "$*" >>{tmp_path}/asked\n'
                f'case "$*" in *--query-gpu*) echo "{told}";; *) echo "{header}";; esac'
            )
        for name, text in scripts.items():
            if text:
                (folder / name).write_text(f"#!/bin/sh\n{text}\n")
                (folder / name).chmod(0o755)
        return tmp_path / "asked"

    return make


@pytest.mark.process
def test_a_gpu_is_taken_with_its_architecture(machine, caplog):
    machine()
    with caplog.at_level(logging.INFO):
        chosen = gpu.resolve(CUDA, 100, lambda: 2**30)
    assert (chosen.backend, chosen.architecture) == ("cuda", 9.0)
    assert "backend cuda: NVIDIA H100 80GB HBM3, about 1 GiB" in caplog.text
    asked = Simulation(backend="cuda", architecture=8.0)
    assert gpu.resolve(asked, 100, lambda: 2**30).architecture == 8.0
    assert gpu.find() == gpu.Gpu("NVIDIA H100 80GB HBM3", 9.0, "550.54.15", (12, 4), 80000 * 2**20)


@pytest.mark.process
def test_the_first_visible_gpu_is_asked_for(machine, monkeypatch):
    asked = machine()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,1")
    gpu.find()
    assert asked.read_text().startswith("-i 3 --query-gpu=")


@pytest.mark.parametrize(
    ("told", "need", "message"),
    [
        ({"told": ""}, 1, "no GPU: nvidia-smi, which comes with the driver, is not there"),
        ({"told": "No devices were found"}, 1, "nvidia-smi told 'No devices were found', not a"),
        ({"nvcc": ""}, 1, "nvcc not found: install the CUDA toolkit"),
        ({"nvcc": "echo what"}, 1, "nvcc --version does not tell a release"),
        ({"cuda": "11.8"}, 1, r"driver 550\.54\.15 runs CUDA up to 11\.8, nvcc is of CUDA 12\.4"),
        ({"told": "GTX 980, 5.2, 550.1, 4000"}, 1, r"GTX 980 has compute capability 5\.2"),
        (
            {"told": "V100, 7.0, 580.1, 16000", "cuda": "13.0",
             "nvcc": "echo release 13.0, V13.0.88"}, 1, r"V100 has .* 7\.0, CUDA 13 .* needs 7\.5",
        ),
        ({}, 75 * 2**30, r"needs about 75\.0 GiB of GPU memory, .* has 78\.1 GiB free: fewer runs"),
    ],
)  # fmt: skip
@pytest.mark.process
def test_what_is_missing_is_one_line_and_auto_goes_on_without(told, need, message, machine, caplog):
    machine(**told)
    with pytest.raises(InputError, match=f"simulation.backend cuda: .*{message}") as raised:
        gpu.resolve(CUDA, 10**6, lambda: need)
    assert "\n" not in str(raised.value)
    with caplog.at_level(logging.INFO):
        assert gpu.resolve(Simulation(backend="auto"), 10**6, lambda: need).backend == "cpp"
    assert "backend cpp: simulation.backend cuda: " in caplog.text


@pytest.mark.process
def test_a_failing_nvidia_smi_is_quoted(machine, tmp_path):
    machine()
    (tmp_path / "bin" / "nvidia-smi").write_text("#!/bin/sh\necho couldn\\'t reach it\nexit 9\n")
    with pytest.raises(InputError, match='no GPU: nvidia-smi said "couldn\'t reach it"'):
        gpu.find()


@pytest.mark.process
def test_an_nvidia_smi_that_hangs_is_not_waited_for(machine, tmp_path, monkeypatch):
    machine()
    (tmp_path / "bin" / "nvidia-smi").write_text("#!/bin/sh\nread x < /dev/zero\n")
    monkeypatch.setattr(gpu, "WAIT", 0.2)
    with pytest.raises(InputError, match=r"no GPU: nvidia-smi said nothing for 0\.2 s"):
        gpu.find()


@pytest.mark.process
def test_hidden_gpus_and_small_batches(machine, monkeypatch):
    machine()
    auto = Simulation(backend="auto")
    assert gpu.resolve(auto, gpu.WORTH_CELLS, lambda: 1).backend == "cuda"
    assert gpu.resolve(auto, gpu.WORTH_CELLS - 1, lambda: 1).backend == "cpp"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(InputError, match="hides every GPU"):
        gpu.resolve(CUDA, 1, lambda: 1)
    assert gpu.resolve(Simulation(), 10**6, lambda: pytest.fail("asked in vain")).backend == "cpp"


@pytest.mark.process
def test_nothing_is_built_where_there_is_no_gpu(machine, tmp_path):
    machine(told="")
    options = small(**{"simulation.backend": "cuda"})
    with pytest.raises(InputError, match="no GPU"):
        simulate(MODEL, options, {}, recording="x", seed=1, instance=0,
                 build_dir=tmp_path / "programs", scratch_dir=tmp_path / "scratch")  # fmt: skip
    assert not (tmp_path / "programs").exists()


def test_memory_grows_with_what_it_holds():
    def need(copies=1, n_input=0, seconds=10.0, **changes):
        return memory(declared(changes), copies, n_input, seconds)

    empty = need(copies=0)
    one = need() - empty
    assert need(copies=64) - empty == pytest.approx(64 * one, rel=1e-6)
    assert need(n_input=10**6) - need() == 8 * 10**6
    # Twice the probability: at least the pair STDP synapse of w, two traces and their time, two
    # ends and two pathways more, for each of 0.2*320*320.
    denser = need(**{"wiring.p_ee": 0.4}) - need()
    assert denser >= 0.2 * 320 * 320 * (4 * 8 + 8 + 2 * 4)
    # Spikes of 400 cells at 20 Hz, time and cell, while an array is copied to a larger one.
    longer = need(seconds=110.0) - need(seconds=10.0)
    assert longer == pytest.approx(400 * 20 * 100 * 3 * 12)
    assert np.isclose(need(**{"cells.n_excitatory": 640}) / need(), 1, atol=0.2)
