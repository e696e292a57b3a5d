"""Lasting readouts of the segment: fixed, or healing themselves without labels.

Readout cells, one for each segment, learn their tuning from the first half of the first block
(square roots of counts). A fixed readout then stays as it was; the others adapt to the responses
alone, without labels, by Hebbian and homeostatic plasticity, with a normalized sum of responses, or
with predictions from each other. Every later repeat is read before the readouts adapt to it. Error:
share of trials whose most active cell is not that of the segment; fidelity: correlation of
responses with the target responses (a normalized sum raises it by itself). There is no null: the
readouts are compared on the same repeats, and intervals are bootstraps over these. A readout that
lasts shows that drift can be followed, not that the brain does so; plasticity that is slower than
the drift cannot follow it, nor can it follow one large step. Unit of inference: repeats of one
recording; descriptive. After Rule & O'Leary (2022), PNAS 119:e2106692119.
"""

from typing import Any

import numpy as np
import xarray as xr

from spikedrift.analyses.contract.analysis import Analysis, Statistic
from spikedrift.analyses.methods.readout import READOUTS, bumps, heal, learn
from spikedrift.config.analyses import SelfHealingReadoutOptions
from spikedrift.core.errors import InputError
from spikedrift.drift.bands import centered
from spikedrift.spikes.layout import Layout
from spikedrift.spikes.selections import stream

DRAWS = 1000  # of the bootstrap over repeats


def follow(
    features: list[np.ndarray],
    segments: list[np.ndarray],
    learned: int,
    options: SelfHealingReadoutOptions,
) -> tuple[np.ndarray, np.ndarray]:
    """Learn the first repeats, then read every later one and let the readouts heal.

    Parameters
    ----------
    features : list of float64, shape (n_trials, n_features)
        Responses of each repeat, in order.
    segments : list of int64, shape (n_trials,)
        Segment of each trial, from 0.
    learned : int
        Number of repeats from which the readouts learn with labels.
    options : SelfHealingReadoutOptions

    Returns
    -------
    error, fidelity : float64, shape (n_readouts, n_repeats - learned)
    """
    n = max(int(each.max()) for each in segments) + 1
    wanted = bumps(n, options.width, options.ring)
    taught = learn(np.concatenate(features[:learned]), wanted[np.concatenate(segments[:learned])])
    error, fidelity = np.empty((2, len(READOUTS), len(features) - learned))
    for row, kind in enumerate(READOUTS):
        readout, seen = taught, []
        for column, (x, shown) in enumerate(
            zip(features[learned:], segments[learned:], strict=True)
        ):
            response = readout.response(x, kind)
            error[row, column] = np.mean(response.argmax(axis=1) != shown)
            pair = response.ravel(), wanted[shown].ravel()
            varies = np.ptp(pair[0]) > 0
            fidelity[row, column] = np.corrcoef(*pair)[0, 1] if varies else 0.0
            seen.append(x)
            if len(seen) == options.every:
                readout, seen = heal(readout, np.concatenate(seen), kind, options), []
    return error, fidelity


def run(
    dataset: xr.Dataset, options: SelfHealingReadoutOptions, seed: int
) -> tuple[xr.Dataset, list[Any]]:
    """Error and fidelity of the readouts over repeats.

    Returns
    -------
    arrays : Dataset
        `error`, `fidelity` (readout, repeat); coordinates `position` (repeat), in repeats since the
        last one learned, and `repeat_block`.
    statistics : list of Statistic
        For each readout `error_first` (rest of the first block), `error_last` and `fidelity_last`
        (last block; the second half of the repeats of a single block), and for those that heal
        `advantage`, the error of the fixed one less theirs, in the last block.

    Raises
    ------
    InputError
        With fewer than four repeats in the first block.
    """
    layout = Layout.of(dataset)
    name, spikes, repeats, segment = layout.name, layout.events, layout.repeats, layout.segment
    order = np.argsort(repeats.position, kind="stable")
    block = repeats.block[order]
    own = int((block == block[0]).sum())
    if own < 4:
        raise InputError(
            f"{name}: self_healing_readout needs four repeats in the first block, it has {own}"
        )
    learned = own // 2
    root = np.sqrt(spikes.counts)
    taught = np.concatenate([repeats.members[r] for r in order[:learned]])
    seen = spikes.observed[taught]
    mean = (root[taught] * seen).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    # A missing unit takes its mean over the learned trials, and so does not move the readout.
    root = np.where(spikes.observed, root, mean)
    members = [repeats.members[r] for r in order]
    error, fidelity = follow(
        [root[trials] for trials in members], [segment[trials] for trials in members],
        learned, options,
    )  # fmt: skip
    block = block[learned:]
    first = block == block[0]
    last = block == block[-1] if len(set(block)) > 1 else np.arange(block.size) >= block.size // 2
    rng = stream(seed, name, "self_healing_readout")
    places = np.flatnonzero(last)
    boot = places[rng.integers(0, places.size, (DRAWS, places.size))]
    more: dict[str, Any] = {"unit": "repeats", "interval": "95 % bootstrap over repeats"}

    def over_last(key: str, values: np.ndarray, **extra: Any) -> Statistic:
        mean = float(values[last].mean())
        low, high = map(float, centered(values[boot].mean(axis=1), mean))
        return Statistic(key, mean, places.size, low=low, high=high, **more, **extra)

    statistics = []
    for row, kind in enumerate(READOUTS):
        statistics += [
            Statistic(f"{kind}.error_first", float(error[row, first].mean()), int(first.sum()),
                      "repeats"),
            over_last(f"{kind}.error_last", error[row]),
            over_last(f"{kind}.fidelity_last", fidelity[row]),
        ]  # fmt: skip
        if row:
            statistics.append(over_last(f"{kind}.advantage", error[0] - error[row]))
    position = repeats.position[order]
    arrays = xr.Dataset(
        {
            "error": (("readout", "repeat"), error, {"units": "1"}),
            "fidelity": (("readout", "repeat"), fidelity, {"units": "1"}),
        },
        {
            "readout": list(READOUTS),
            "position": ("repeat", position[learned:] - position[learned - 1]),
            "repeat_block": ("repeat", block),
        },
        {"n_segments": layout.n_segments, "learned_repeats": learned, "every": options.every},
    )
    return arrays, statistics


ANALYSIS = Analysis(
    name="self_healing_readout",
    title="Self-healing readout",
    citation="Rule ME, O'Leary T (2022) PNAS 119:e2106692119",
    run=run,
    needs=frozenset({"segments"}),
)
