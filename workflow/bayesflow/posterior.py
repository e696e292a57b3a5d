"""Amortized neural posterior estimation: draws from p(parameters | statistics).

`posterior.py --data data.npz --output draws.npz`, with options as JSON on standard input. Several
normalizing flows are trained, each from its own first weights and with its own share of the runs
held back: training ends when the loss of these no longer falls, and the weights at its least are
kept. The posterior is the mixture of all flows, with equal weights: few runs make one flow too sure
of itself (Hermans et al. 2022, Trans. Mach. Learn. Res.). No held-out run is seen in training.

Of the data, float arrays: `parameters` (run, parameter) and `statistics` (run, statistic) to train
on; `asked` (set, statistic) to draw for; `places` (place, parameter) at which the density of the
last `density` sets is asked for. Parameters and statistics are standardized by whoever asks.

Written: `draw` (set, draw, parameter); `log_density` (set, place), of the last `density` sets;
`loss` (member, epoch), `validation_loss` (member, epoch), NaN after the last epoch of a member, and
`versions`, JSON.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from program import Failure, logger, run

BATCH = 4096  # sets or places that are asked for at once


def flow(options: dict[str, Any]) -> Any:
    """A conditional normalizing flow without weights."""
    import bayesflow as bf

    subnet = {"widths": [options["width"]] * 2, "dropout": options["dropout"]}
    network = bf.networks.CouplingFlow(depth=options["depth"], subnet_kwargs=subnet)
    return bf.estimators.BasicEstimator(inference_network=network, standardize=None)


def trained(data: dict[str, np.ndarray], options: dict[str, Any], member: int) -> tuple[Any, Any]:
    """One flow, and the history of its training."""
    import bayesflow as bf
    import keras

    keras.utils.set_random_seed(options["seed"] + member)
    n = len(data["parameters"])
    order = np.random.default_rng([options["seed"], member]).permutation(n)
    back = order[: max(round(options["validation"] * n), 1)]
    kept = order[len(back) :]

    def dataset(rows: np.ndarray, shuffle: bool) -> Any:
        of = {
            "inference_variables": data["parameters"][rows],
            "inference_conditions": data["statistics"][rows],
        }
        size = min(options["batch"], len(rows))
        return bf.datasets.OfflineDataset(of, size, None, shuffle=shuffle, drop_last=shuffle)

    estimator = flow(options)
    steps = max(len(kept) // options["batch"], 1) * options["epochs"]
    rate = keras.optimizers.schedules.CosineDecay(options["rate"], steps)
    estimator.compile(optimizer=keras.optimizers.Adam(rate, clipnorm=1.5))
    stop = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=options["patience"], restore_best_weights=True
    )
    history = estimator.fit(
        dataset=dataset(kept, True),
        validation_data=dataset(back, False),
        epochs=options["epochs"],
        callbacks=[stop],
        verbose=0,
    ).history
    if not np.isfinite(history["val_loss"]).all():
        raise Failure("training did not converge: its loss is not finite; give a smaller rate")
    logger.info(
        "flow %d of %d: %d epochs, least loss of runs held back %.3f",
        member + 1, options["members"], len(history["loss"]), min(history["val_loss"]),
    )  # fmt: skip
    return estimator, history


def drawn(estimator: Any, asked: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Draws for every set: shape (set, draw, parameter)."""
    size = max(BATCH // max(n, 1), 1)
    parts = []
    for k in range(0, len(asked), size):
        conditions = {"inference_conditions": asked[k : k + size]}
        found = estimator.sample(num_samples=n, conditions=conditions, seed=seed + k)
        parts.append(found["inference_variables"])
    return np.concatenate(parts)


def density(estimator: Any, of: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Logarithm of the density at every place, for one set."""
    parts = []
    for k in range(0, len(places), BATCH):
        here = places[k : k + BATCH]
        conditions = np.broadcast_to(of, (len(here), len(of))).copy()
        data = {"inference_variables": here, "inference_conditions": conditions}
        parts.append(np.ravel(estimator.log_prob(data)))
    return np.concatenate(parts)


def mixed(parts: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Draws of all members in random order, so that any first ones are of the mixture."""
    whole = np.concatenate(parts, axis=1)
    return whole[:, rng.permutation(whole.shape[1])]


def padded(rows: list[list[float]]) -> np.ndarray:
    """Rows of different length as one array, NaN behind their ends."""
    out = np.full((len(rows), max(map(len, rows))), np.nan)
    for row, values in zip(out, rows, strict=True):
        row[: len(values)] = values
    return out


def main() -> None:
    """Train, draw, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    options = json.loads(sys.stdin.read())
    with np.load(given.data) as file:
        data = {name: file[name].astype(np.float32) for name in file.files}
    import bayesflow as bf
    import jax
    import keras

    members, n = options["members"], len(data["parameters"])
    share = -(-options["draws"] // members)
    logger.info("training %d flows on %d runs, %d parameters, %d statistics", members, n,
                data["parameters"].shape[1], data["statistics"].shape[1])  # fmt: skip
    draws, densities, losses, others = [], [], [], []
    last = data["asked"][len(data["asked"]) - options["density"] :]
    for member in range(members):
        estimator, history = trained(data, options, member)
        seed = 1_000_003 * (member + 1) + options["seed"]
        draws.append(drawn(estimator, data["asked"], share, seed))
        densities.append([density(estimator, one, data["places"]) for one in last])
        losses.append(history["loss"])
        others.append(history["val_loss"])
    rng = np.random.default_rng([options["seed"], members])
    packages = {"bayesflow": bf, "jax": jax, "keras": keras, "numpy": np}
    np.savez(
        given.output,
        draw=mixed(draws, rng)[:, : options["draws"]],
        log_density=np.logaddexp.reduce(np.array(densities, dtype=float), axis=0) - np.log(members),
        loss=padded(losses),
        validation_loss=padded(others),
        versions=json.dumps({name: of.__version__ for name, of in packages.items()}),
    )


if __name__ == "__main__":
    run(main)
