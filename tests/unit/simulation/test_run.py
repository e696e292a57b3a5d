"""Programs are built once and run from data; sweeps expand to stable points."""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from disks import small_disk
from pydantic import ValidationError

from spikedrift.config.overrides import override
from spikedrift.config.phases import Phase
from spikedrift.config.simulation import Simulation
from spikedrift.config.sweeps import Sweep, Variant
from spikedrift.core.errors import DiskError, InputError
from spikedrift.networks.models.pattern_network import PatternNetwork
from spikedrift.simulation import run as running
from spikedrift.simulation.build import Program, build
from spikedrift.simulation.compile import fetch_ahead
from spikedrift.simulation.run import Limit, Run, Save, Set, session
from spikedrift.sweeps.points import points

ROOT = Path(__file__).resolve().parents[3]
MODEL = f"{__name__}:define"


def define(standalone, structure):
    """Cells that relay input spikes through one random synapse each, with noisy weights."""
    import brian2 as b

    relay = b.SpikeGeneratorGroup(structure["n"], [], [] * b.second, name="relay", sorted=True)
    cells = b.NeuronGroup(structure["n"], "x : 1\nstep : 1 (shared, constant)", name="cells")
    synapses = b.Synapses(
        relay, cells, "w : 1\np : 1 (shared, constant)", on_pre="x_post += w*step", name="synapses"
    )
    spikes = b.SpikeMonitor(relay, name="spikes")
    standalone.read_session({"relay": relay})
    synapses.connect(p="p")
    synapses.w = "rand()"
    standalone.run_session(
        b.Network(relay, cells, synapses, spikes), {"synapses.w": (synapses, "w")}
    )
    for group, variable in ((cells, "x"), (spikes, "i"), (spikes, "t"), (synapses, "w")):
        standalone.keep(f"{group.name}.{variable}", group, variable)
    standalone.keep("synapses.pre", synapses, "_synaptic_pre")
    standalone.keep("synapses.post", synapses, "_synaptic_post")


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Two processes ask for one program at once."""
    cache = tmp_path_factory.mktemp("programs")
    ask = (
        "import sys; from pathlib import Path;"
        "from spikedrift.simulation.build import build;"
        "from spikedrift.config.simulation import Simulation;"
        f"print(build({MODEL!r}, dict(n=5), Simulation(dt=0.001), Path({str(cache)!r})).directory)"
    )
    with pytest.MonkeyPatch.context() as patch:
        source = Path(build.__code__.co_filename).parents[2]
        patch.setenv("PYTHONPATH", f"{source}:{ROOT}:{ROOT / 'tests'}")
        asked = [
            subprocess.Popen([sys.executable, "-c", ask], stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        told = [process.communicate()[0].strip() for process in asked]
        assert [process.returncode for process in asked] == [0, 0]
        yield cache, told, build(MODEL, {"n": 5}, Simulation(dt=0.001), cache)


@pytest.fixture
def program(programs):
    return programs[2]


def run(program, scratch, *, seed=1, step=1.0, p=0.6, spikes=((0, 1, 4), (2, 7, 7)), steps=None):
    steps = steps or [Run(0.0, 0.01)]
    with session(
        program,
        seed=seed,
        parameters={"cells.step": step, "synapses.p": p},
        inputs={"relay": spikes},
        steps=steps,
        scratch_dir=scratch,
        label="point-x",
    ) as output:
        names = [*program.arrays]
        return {name: output.array(name) for name in names} | {
            "saved": output.saved("synapses.w", sum(isinstance(s, Save) for s in steps))
            if any(isinstance(s, Save) for s in steps)
            else None
        }


@pytest.mark.compiles
def test_two_processes_that_ask_at_once_share_one_build(programs):
    cache, told, program = programs
    assert told == [str(program.directory)] * 2
    assert [p.name for p in cache.iterdir() if p.is_dir()] == [program.directory.name]
    assert json.loads((program.directory / "program.json").read_text())["saved"] == ["synapses.w"]


@pytest.mark.compiles
def test_input_of_any_size_arrives_at_its_time_step(program, tmp_path):
    few = run(program, tmp_path)
    assert few["spikes.i"].tolist() == [0, 1, 4]
    np.testing.assert_allclose(few["spikes.t"], [0.002, 0.007, 0.007])
    rng = np.random.default_rng(0)
    steps, cells = np.divmod(np.flatnonzero(rng.random(5000 * 5) < 0.2), 5)
    many = run(program, tmp_path, spikes=(cells, steps), steps=[Run(0.0, 5.0)])
    np.testing.assert_array_equal(many["spikes.i"], cells)
    np.testing.assert_array_equal(np.round(many["spikes.t"] / 0.001), steps)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.compiles
def test_a_seed_is_given_at_run_time(program, tmp_path):
    first, again, other = (run(program, tmp_path, seed=s) for s in (5, 5, 6))
    for name in program.arrays:
        np.testing.assert_array_equal(first[name], again[name])
    assert first["synapses.w"].tolist() != other["synapses.w"].tolist()
    wiring = [list(zip(r["synapses.pre"], r["synapses.post"], strict=True)) for r in (first, other)]
    assert wiring[0] != wiring[1]


@pytest.mark.compiles
def test_parameters_change_between_runs_and_within_a_session(program, tmp_path):
    spikes = (np.zeros(4, int), [1, 3, 11, 13])
    steps = [Save(), Run(0.0, 0.01), Set("cells.step", 10.0), Run(0.01, 0.01), Save()]
    out = run(program, tmp_path, p=1.0, step=0.5, spikes=spikes, steps=steps)
    np.testing.assert_allclose(out["cells.x"], out["synapses.w"][:5] * (2 * 0.5 + 2 * 10.0))
    np.testing.assert_allclose(out["saved"], np.tile(out["synapses.w"], (2, 1)), rtol=1e-6)


@pytest.mark.compiles
def test_sessions_of_one_program_run_side_by_side(program, tmp_path):
    alone = [run(program, tmp_path, seed=s) for s in range(6)]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda s: run(program, tmp_path, seed=s), range(6)))
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a["synapses.w"], b["synapses.w"])


@pytest.mark.compiles
def test_every_element_may_have_a_value_of_its_own(program, tmp_path):
    values = np.arange(5) / 3
    out = run(program, tmp_path, p=0.0, steps=[Set("cells.x", values), Run(0.0, 0.01)])
    np.testing.assert_array_equal(out["cells.x"], values)
    with pytest.raises(RuntimeError, match=r"file array\.\d has 32 bytes, the variable 40"):
        run(program, tmp_path, steps=[Set("cells.x", values[:4])])


@pytest.mark.compiles
def test_a_program_leaves_what_its_session_keeps_and_no_more(program, tmp_path):
    with session(
        program, seed=1, parameters={}, inputs={"relay": ((0, 1, 4), (2, 7, 7))},
        steps=[Save(), Run(0.0, 0.01)], scratch_dir=tmp_path, label="kept",
    ) as output:  # fmt: skip
        given = {"session.txt", "relay.index", "relay.step"}
        kept = {file for file, _ in program.arrays.values()} | {"synapses.w.saved"}
        assert {path.name for path in output.directory.iterdir()} == given | kept


@pytest.mark.compiles
def test_the_compiler_reads_nothing_once_for_every_array(program):
    """What is replaced is found in Brian2's code; a new version may write it otherwise."""
    code = (program.directory / "objects.cpp").read_text()
    assert code.count("OutFile") == len(program.arrays)
    assert "spikedrift::set(_array_cells_x, 5, s_value)" in code
    assert "set_variable_from_value<double>(" not in code
    queue = (program.directory / "brianlib" / "spikequeue.h").read_text()
    assert "noinline)) void prepare(" in queue


@pytest.mark.compiles
def test_a_failed_session_names_its_point(program, tmp_path):
    with pytest.raises(RuntimeError, match=r"point-x.*Cannot set unknown variable 'cells.stepp'"):
        run(program, tmp_path, steps=[Set("cells.stepp", 1.0)])
    with pytest.raises(RuntimeError, match=r"point-x.*no spikes of nobody are recorded"):
        run(program, tmp_path, steps=[Limit("nobody", 1.0)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.compiles
def test_the_log_says_how_far_a_session_is(program, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(running, "REPORT", 0.0)
    with caplog.at_level("INFO"):
        run(program, tmp_path, steps=[Run(0.0, 2.5), Run(2.5, 0.5)])
    told = [line for line in caplog.messages if "real time" in line]
    assert [line.split(",")[0] for line in told] == [
        f"point-x: {done} of 3 s" for done in (1, 2, 2, 3)
    ]
    assert told[-1].endswith("times real time, 0 s left")


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        ("kill -9 $$", r"point-x: the simulation was ended by SIGKILL: out of memory\?$"),
        ("kill -SEGV $$", "point-x: the simulation was ended by SIGSEGV$"),
        ("echo last words; exit 3", "point-x: .* exit code 3: last words$"),
        ("echo trouble >&2", "point-x: .* exit code 0: trouble$"),
    ],
)
@pytest.mark.process
def test_how_a_program_ended_is_said(ending, message, tmp_path):
    main = tmp_path / "main"
    main.write_text(f"#!/bin/sh\necho at 1.0\n{ending}\n")
    main.chmod(0o755)
    with pytest.raises(RuntimeError, match=message):
        run(Program(tmp_path, {}, ()), tmp_path / "scratch")
    assert list((tmp_path / "scratch").iterdir()) == []


MANY = np.divmod(np.arange(5000), 5)[::-1]  # every cell in each of 1000 steps


@pytest.mark.fault("disk", "full while a simulation runs", cases=100)
@pytest.mark.compiles
def test_a_full_disk_is_one_line_or_all_spikes(program, tmp_path):
    def simulated(scratch):
        steps = [Save(), Run(0.0, 0.5), Save(), Run(0.5, 0.5), Save()]
        return run(program, scratch, spikes=MANY, steps=steps)

    right = simulated(tmp_path)
    assert right["spikes.i"].size == 5000
    refused = []
    for kib in range(4, 404, 4):
        with small_disk(tmp_path / "disk", kib) as disk:
            try:
                found = simulated(disk)
            except DiskError as error:
                told = str(error)
                assert f"the disk at {disk} is full (No space left on device)" in told
                refused.append(re.search(r"/point-x\.\w+/([^:]+): cannot be written", told)[1])
            else:
                for name, values in right.items():
                    np.testing.assert_array_equal(found[name], values)
            assert list(disk.iterdir()) == []
    # What the program reads, what it appends to and what it leaves: each was refused.
    assert {"relay.index", "relay.step", "session.txt", "synapses.w.saved"} <= {*refused}
    assert any("_spikes_t_" in file for file in refused) and len(refused) < 100


@pytest.mark.fault("disk", "keeps less than was written to it", cases=3)
@pytest.mark.compiles
def test_what_is_shorter_than_what_was_written_is_not_read(program, tmp_path):
    steps = [Save(), Run(0.0, 0.01)]
    with session(
        program, seed=1, parameters={"cells.step": 1.0, "synapses.p": 1.0},
        inputs={"relay": ((0, 1, 4), (2, 7, 7))}, steps=steps, scratch_dir=tmp_path, label="short",
    ) as output:  # fmt: skip
        file, _ = program.arrays["spikes.t"]
        os.truncate(output.directory / file, 16)
        with pytest.raises(DiskError, match=rf"short: .*/{file} has 16 bytes, 24 were written"):
            output.array("spikes.t")
        os.truncate(output.directory / "synapses.w.saved", 0)
        with pytest.raises(DiskError, match=r"synapses\.w\.saved has 0 bytes, 100 were written"):
            output.saved("synapses.w", 1)
        (output.directory / file).unlink()
        with pytest.raises(DiskError, match=rf"{file} has 0 bytes, 24 were written"):
            output.array("spikes.t")


@pytest.mark.fault("disk", "loses input of a simulation", cases=2)
@pytest.mark.compiles
def test_a_program_reads_its_input_whole(program, tmp_path, monkeypatch):
    write = running._write
    for lost, message in (
        ("relay.step", r"cannot read relay\.step: it is too short"),
        ("session.txt", r"session\.txt breaks off"),
    ):
        monkeypatch.setattr(
            running, "_write", lambda path, content, lost=lost: write(
                path, content[: len(content) - 4] if path.name == lost else content
            )
        )  # fmt: skip
        with pytest.raises(RuntimeError if lost == "session.txt" else DiskError, match=message):
            run(program, tmp_path)


@pytest.mark.fault("disk", "has no program where it was")
@pytest.mark.process
def test_a_program_that_is_gone_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot run .*/gone/main: No such file.*built anew"):
        run(Program(tmp_path / "gone", {}, ()), tmp_path / "scratch")


def test_a_missing_compiler_names_the_package(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(InputError, match=r"g\+\+ not found.*build-essential"):
        build(MODEL, {"n": 5}, Simulation(), tmp_path / "cache")


@pytest.mark.compiles
def test_an_instruction_set_that_the_compiler_refuses_is_named(tmp_path):
    with pytest.raises(InputError, match=r"simulation\.march: .* refuses -march=no-such-level"):
        build(
            "spikedrift.networks.engine:define",
            {},
            Simulation(march="no-such-level"),
            tmp_path,
        )


LOOP = """
#include <algorithm>
#include <iostream>
#include <vector>
int main() {
    for (int _num_spiking_synapses : {0, 1, 5, 16, 17, 100}) {
        std::vector<int> list, *_spiking_synapses = &list;
        for (int k = 0; k < _num_spiking_synapses; k++) list.push_back(k*k % 101);
        list.shrink_to_fit();
        std::vector<double> w(101, 1.0);
        double sum = 0;
        for (int _spiking_synapse_idx = 0; _spiking_synapse_idx < _num_spiking_synapses;
             _spiking_synapse_idx++) {
            const size_t _idx = (*_spiking_synapses)[_spiking_synapse_idx];
            w[_idx] += _idx;
            sum += w[_idx];
        }
        std::cout << sum << std::endl;
    }
}
"""


@pytest.mark.compiles
def test_fetching_ahead_changes_no_result_and_stays_within_the_list(tmp_path):
    told = []
    for name, code in (("plain", LOOP), ("ahead", fetch_ahead(LOOP))):
        (tmp_path / f"{name}.cpp").write_text(code)
        command = ["g++", "-fsanitize=address", "-D_GLIBCXX_ASSERTIONS", f"{name}.cpp", "-o", name]
        subprocess.run(command, cwd=tmp_path, check=True)
        told.append(subprocess.run([tmp_path / name], capture_output=True, check=True).stdout)
    assert told[0] == told[1]
    assert "__builtin_prefetch(&w[" in fetch_ahead(LOOP)


@pytest.mark.compiles
def test_programs_fetch_the_synapses_of_spikes_ahead(program):
    code = (program.directory / "code_objects" / "synapses_pre_codeobject.cpp").read_text()
    assert "__builtin_prefetch(" in code


def test_points_are_variants_times_instances_with_stable_ids():
    frozen = Variant(name="frozen", control=True, set={"plasticity.inhibitory.eta": 0.0})
    sweep = Sweep(variants=(frozen, Variant(name="inhibitory")), instances=2)
    expanded = points(sweep)
    assert len(expanded) == 2 * len(sweep.variants)
    assert len({p.recording for p in expanded}) == len(expanded)
    assert [p.variant for p in expanded if p.control] == ["frozen", "frozen"]
    again = points(Sweep.model_validate(json.loads(sweep.model_dump_json())))
    assert [p.recording for p in again] == [p.recording for p in expanded]
    # The id is the network's: the name does not matter, a value does, wherever it was set.
    one, renamed, changed = (
        points(Sweep(variants=(Variant(name=n, set={"plasticity.afferent.eta": e}),)))[0].id
        for n, e in (("a", 0.02), ("b", 0.02), ("a", 0.03))
    )
    assert one == renamed != changed
    in_options = override(PatternNetwork(), {"plasticity.afferent.eta": 0.02}, "here")
    assert points(Sweep(options=in_options, variants=(Variant(name="c"),)))[0].id == one


def test_overrides_reach_into_lists_and_name_what_is_wrong():
    options = override(PatternNetwork(), {"phases.6.background": False}, "here")
    assert not options.phases[6].background and options.phases[5].background
    for changes, message in (
        ({"plasticity.aferent.eta": 1}, "here: .*aferent.* did you mean 'afferent'"),
        ({"plasticity.afferent.eta.x": 1}, "unknown option 'x'"),
        ({"phases.80.background": False}, "unknown option '80'.* known: 0, 1, 2"),
        ({"plasticity.afferent.eta": -1}, "plasticity.afferent.eta.*greater than or equal to 0"),
        ({"phases.1.duration": 5}, "give either duration"),
    ):
        with pytest.raises(InputError, match=message):
            override(PatternNetwork(), changes, "here")


def test_sweeps_refuse_what_would_be_run_twice():
    same = (Variant(name="a"), Variant(name="b"))
    with pytest.raises(InputError, match="variant b: describes the same network as a"):
        points(Sweep(variants=same))
    with pytest.raises(ValidationError, match="used twice"):
        Sweep(variants=(same[0], same[0]))


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        ({"kind": "block"}, "either duration"),
        ({"kind": "block", "duration": 3}, "give repeats"),
        ({"kind": "settle", "repeats": 3}, "give duration"),
        ({"kind": "pause", "duration": -3}, "greater than 0"),
    ],
)
def test_phases_say_what_they_need(phase, message):
    with pytest.raises(ValidationError, match=message):
        Phase(**phase)


@pytest.mark.process
def test_sweeps_are_expanded_without_heavy_imports():
    code = (
        "import sys; import spikedrift.sweeps.points;"
        "print(sorted({'brian2', 'xarray', 'pandas', 'numba'} & set(sys.modules)))"
    )
    source = str(Path(build.__code__.co_filename).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": source},
    )
    assert done.stdout.strip() == "[]"
