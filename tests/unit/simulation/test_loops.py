"""Loops over synapses that go cell by cell: the numbers are those of a loop in Python."""

import numpy as np
import pytest

from spikedrift.config.simulation import Simulation
from spikedrift.simulation import loops
from spikedrift.simulation.build import build
from spikedrift.simulation.run import Run, session

N, DT, N_STEPS = 12, 1e-3, 5
EACH = 8  # synapses onto a cell, a power of 2: no division rounds
LOOKING = np.arange(N) % 3 == 0


def wired():
    """Ends of the synapses, sorted by the postsynaptic cell, by the presynaptic one, by neither."""
    rng = np.random.default_rng(1)
    pre = np.concatenate([rng.permutation(N)[:EACH] for _ in range(N)])
    post = np.repeat(np.arange(N), EACH)
    orders = {"sorted": np.arange(N * EACH), "unsorted": np.argsort(pre, kind="stable")}
    orders["mixed"] = rng.permutation(N * EACH)
    return {name: (pre[order], post[order]) for name, order in orders.items()}


def first_weights():
    return np.random.default_rng(2).random(N * EACH)


def define(standalone, structure):
    import brian2 as b

    cells = b.NeuronGroup(
        N,
        "looks : 1\n" + "\n".join(f"{name}_total : 1" for name in wired()),
        events={f"{name}_where_0": "looks > 0.5" for name in wired()},
        name="cells",
    )
    made = {}
    for name in wired():
        made[name] = one = b.Synapses(
            cells, cells, "w : 1", name=name, delay={"where_0": 0 * b.ms},
            on_post={"where_0": "w = clip(w + 0.25*(i + 1), 0, 2)"},
            on_event={"where_0": f"{name}_where_0"},
        )  # fmt: skip
        cells.set_event_schedule(f"{name}_where_0", when="start", order=0)
        one.where_0.when, one.where_0.order = "start", 1
        cells.run_regularly(f"{name}_total = 0", order=2)
        one.run_regularly(f"{name}_total_post += w", order=3)
        one.run_regularly(f"w = w - 0.125*{name}_total_post/N_incoming", order=4)
    cells.run_regularly("looks = 1 - looks", order=5)
    standalone.read_session({})
    cells.looks = LOOKING.astype(float)
    for name, (pre, post) in wired().items():
        made[name].connect(i=pre, j=post)
        made[name].w = first_weights()
    standalone.run_session(b.Network(cells, *made.values()), {})
    for name, one in made.items():
        standalone.keep(f"{name}.w", one, "w")
        standalone.keep(f"{name}.total", cells, f"{name}_total")


def expected(pre, post):
    w, looking, total = first_weights(), LOOKING, np.zeros(N)
    for _ in range(N_STEPS):
        at = looking[post]
        w[at] = np.clip(w[at] + 0.25 * (pre[at] + 1), 0, 2)
        total = np.zeros(N)
        np.add.at(total, post, w)  # one after the other
        w = w - 0.125 * total[post] / EACH
        looking = ~looking
    return w, total


@pytest.mark.compiles
def test_every_order_of_the_synapses_gives_the_bits_of_a_plain_loop(tmp_path):
    program = build(f"{__name__}:define", {}, Simulation(dt=DT, jobs=1), tmp_path / "programs")
    with session(
        program, parameters={}, inputs={}, steps=[Run(0.0, N_STEPS * DT)],
        scratch_dir=tmp_path / "scratch", label="loops",
    ) as output:  # fmt: skip
        for name, ends in wired().items():
            w, total = expected(*ends)
            assert (w != first_weights()).all()
            np.testing.assert_array_equal(output.array(f"{name}.w"), w)
            np.testing.assert_array_equal(output.array(f"{name}.total"), total)
    # It was these loops that ran.
    folder = program.directory / "code_objects"
    assert "_own(_cell).size()" in (folder / "sorted_where_0_codeobject.cpp").read_text()
    assert ".push(" not in (folder / "sorted_where_0_push_spikes.cpp").read_text()
    adding, falling = (
        (folder / f"sorted_run_regularly{which}_codeobject.cpp").read_text() for which in ("", "_1")
    )
    assert "_runs.size()" in adding and "_runs.size()" in falling
    assert loops.IN_ORDER in adding and loops.IN_ORDER not in falling


def test_loops_that_brian2_writes_otherwise_are_refused():
    with pytest.raises(ValueError, match="x_where_0: Brian2 writes its loops otherwise"):
        loops.looking("x_where_0.push(something);", "for (;;) {}", "x_where_0")


def test_a_loop_that_does_not_look_at_cells_stays():
    code = "void _run_x() { for(int _idx=0; _idx<_N; _idx++) w[_idx] = 0; }"
    assert loops.regular(code) == code
