"""What a trained balanced network has learned: tests loop by loop, and its rates in the end.

Tests are trials of their own in which nothing is learned.
"""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from spikedrift.training import recorded
from spikedrift.training.reproduced import reproduced
from spikedrift.training.targets import correlations

if TYPE_CHECKING:
    from spikedrift.networks.balanced_session import Session
    from spikedrift.networks.balanced_training import Trained


def tested(session: "Session") -> xr.Dataset:
    """Put what a session of training has left together with what tests say of it.

    Parameters
    ----------
    session : Session
        At its end.

    Returns
    -------
    Dataset
        What `Session.left` returns. By `loop`, mean over trained cells of the correlation of their
        input with the targets over all conditions: `single`, in single trials; `average`, of the
        mean over trials; where rates are recorded also `held_out`, of that mean with the input
        that would make the rates of repeats that were not learned, and its `ceiling` (), of the
        targets. `rate`, `learned_rate`, `held_out_rate` (segment, time, unit): mean rates in the
        end, Hz; and what `training.reproduced` says of them, `{name}` () or (component).
    """
    network, options = session.network, session.network.options
    loop = session.plan.save_time / (options.segments * options.trial)
    curves: dict[str, list[float]] = {"single": [], "average": []}
    if network.held_out is not None:
        curves["held_out"] = []
    left = session.left()
    for save in range(loop.size):
        network.put({name: values[save] for name, values in session.saved.items()})
        inputs = _inputs(network, save)
        mean = inputs.mean(axis=0)
        curves["single"].append(float(np.mean([_fit(one, network.target) for one in inputs])))
        curves["average"].append(_fit(mean, network.target))
        if network.held_out is not None:
            curves["held_out"].append(_fit(mean, network.held_out))
    session.take(left)
    found = _dataset(left)
    found = found.assign({name: ("loop", values) for name, values in curves.items()})
    found = found.assign_coords(loop=loop, unit=network.wanted.units)
    at = ("segment", "time", "unit")
    rate, wanted = _rates(network), network.wanted
    found = found.assign(rate=(at, rate, {"units": "Hz"}), learned_rate=(at, wanted.rate))
    if wanted.held_out is not None and network.held_out is not None:
        found["ceiling"] = ((), _fit(network.target, network.held_out))
        found["held_out_rate"] = (at, wanted.held_out, {"units": "Hz"})
        for name, value in reproduced(rate, wanted.rate, wanted.held_out)._asdict().items():
            found[name] = (("component",)[: np.ndim(value)], value)
    return found


def _fit(inputs: np.ndarray, target: np.ndarray) -> float:
    return float(np.nanmean(correlations(inputs, target)))


def _inputs(network: "Trained", save: int) -> np.ndarray:
    """Input of trained cells in tests, shape (n_tests, n_conditions, n_times, n_units)."""
    return np.array(
        [
            [
                network.followed(network.run(one, f"test {save} {one} {k}", inputs=True))
                for one in range(len(network.options.conditions))
            ]
            for k in range(network.options.tests)
        ]
    )[..., network.cells]


def _rates(network: "Trained") -> np.ndarray:
    """Mean rates of trained cells, smoothed as a file's; (n_conditions, n_times, n_units), Hz."""
    options, times = network.options, network.times
    shape = len(options.conditions), options.n_times, options.n_trained
    count = np.zeros(shape)
    for one in range(shape[0]):
        for k in range(options.tests):
            trial = network.run(one, f"rates {one} {k}")
            unit = network.numbers[trial.cell]
            at = (trial.step - times.outside) // times.learn_every
            kept = (unit < shape[2]) & (at >= 0) & (at < shape[1])
            np.add.at(count[one], (at[kept], unit[kept]), 1)
    rate = count / options.tests / options.learn_every
    return recorded.smoothed(rate, options.learn_every, options.smoothing)


def _dataset(left: dict[str, np.ndarray]) -> xr.Dataset:
    dims = {
        "spike_cell": ("spike",),
        "spike_step": ("spike",),
        "save_time": ("save",),
        "trials": (),
        "cell": ("unit",),
        "weight": ("synapse",),
        "outside_weight": ("condition", "unit", "outside_cell"),
    }
    grown = {name: ("save", f"{name.removesuffix('_weight')}_synapse") for name in left}
    return xr.Dataset({name: ((grown | dims)[name], values) for name, values in left.items()})
