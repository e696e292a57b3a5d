"""Run the experiments of a network's paper, and hold what they measure against its targets."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from spikedrift.config.overrides import override
from spikedrift.core import results
from spikedrift.core.atomic import write_netcdf
from spikedrift.core.errors import InputError, unknown
from spikedrift.networks.catalog import Curve, Experiment, Model, Readout
from spikedrift.networks.lost import RanAway
from spikedrift.networks.session_plan import NetworkRun
from spikedrift.networks.simulate import record_batch

log = logging.getLogger(__name__)
SIZES = ("quick", "full")
TEXT = {"pass": str, "unit": str}
COLUMNS = ("network", "experiment", "instance", "name", "x", "value", "x_label", "y_label")


def reproduce(
    model: Model,
    size: str,
    *,
    seed: int,
    source: str,
    store: Path,
    build_dir: Path,
    scratch_dir: Path,
) -> pd.DataFrame:
    """Run all experiments of a network.

    Parameters
    ----------
    model : Model
    size : "quick" or "full"
    seed : int
    source : str
        Digest of the code: a session that is in the store with another one is run again.
    store : Path
        Folder with what every session measured, written as soon as it ends.
    build_dir, scratch_dir : Path
        Cache of programs; place for the files of a session while it runs.

    Returns
    -------
    DataFrame
        One row a number, or a point of a curve, of every session: columns `COLUMNS`; `x` and the
        labels are empty for numbers. A network that ran away has what its model says of such ones,
        and `ran_away`, the time until which it was run, s.

    Raises
    ------
    InputError
        For a network without experiments or readout, or options that do not hold.
    RuntimeError
        Where a session fails, or a network ran away of which its model says nothing.
    """
    if not model.experiments or model.readout is None:
        raise InputError(f"network {model.name}: has no experiments to reproduce, or no readout")
    parts = []
    for experiment in model.experiments:
        n = experiment.instances[SIZES.index(size)]
        for instance in range(n):
            log.info("%s: %s, %d of %d", model.name, experiment.name, instance + 1, n)
            path = store / f"{model.name}.{experiment.name}.{instance}.nc"
            found = _stored(path, source, seed)
            if found is None:
                found = _session(model, experiment, size, seed, instance, build_dir, scratch_dir)
                kept = xr.Dataset.from_dataframe(found).assign_attrs(digest=source, seed=seed)
                write_netcdf(kept, path)
            parts.append(found.assign(experiment=experiment.name, instance=instance))
    table = pd.concat(parts, ignore_index=True).assign(network=model.name)
    return table[list(COLUMNS)]


def _stored(path: Path, source: str, seed: int) -> pd.DataFrame | None:
    if not path.is_file():
        return None
    try:
        return results.read(path, digest=source, seed=seed).to_dataframe().reset_index(drop=True)
    except InputError as error:  # of other code, or damaged: it is made again
        log.info("%s", error)
        return None


def _session(
    model: Model,
    experiment: Experiment,
    size: str,
    seed: int,
    instance: int,
    build_dir: Path,
    scratch_dir: Path,
) -> pd.DataFrame:
    name = f"{model.name}.{experiment.name}.{instance}"
    changes = {**experiment.set, **(experiment.quick if size == "quick" else {})}
    options = override(model.options(), changes, name)
    run = NetworkRun(name, {}, seed, instance)
    (outcome,) = record_batch(model, options, [run], build_dir=build_dir, scratch_dir=scratch_dir)
    if isinstance(outcome, RanAway) and model.runaway:
        log.warning("%s", outcome)
        found = _of_runaway(model, experiment, outcome)
    elif isinstance(outcome, Exception):
        raise outcome
    else:
        assert model.readout is not None
        found = model.readout(*outcome[:2])
    return pd.DataFrame([row for key, value in found.items() for row in _rows(key, value)])


def _of_runaway(model: Model, experiment: Experiment, outcome: RanAway) -> Readout:
    """What is measured of a network that ran away, and the time until which it was run, s."""
    names = (one.name for one in model.targets if one.experiment == experiment.name)
    return {**dict.fromkeys(names, np.nan), **model.runaway, "ran_away": outcome.away.stop}


def _rows(name: str, value: float | Curve) -> list[dict[str, Any]]:
    """Rows of a table: one of a number, or one a point of a curve."""
    if not isinstance(value, Curve):
        return [{"name": name, "x": np.nan, "value": float(value), "x_label": "", "y_label": ""}]
    words = {"name": name, "x_label": value.x_label, "y_label": value.y_label}
    return [
        {**words, "x": float(x), "value": float(y)} for x, y in zip(value.x, value.y, strict=True)
    ]


def judged(table: pd.DataFrame, model: Model, size: str) -> pd.DataFrame:
    """Hold what was measured against the targets of the network.

    Parameters
    ----------
    table : DataFrame
        As `reproduce` returns it.
    model : Model
    size : "quick" or "full"

    Returns
    -------
    DataFrame
        One row a target of an experiment that has sessions of this size: network, experiment, name,
        meaning, unit, `n` instances where it is defined, `measured` (their mean), `spread` (their
        SD, NaN for one), `value`, `low`, `high`, trust, source, and `pass`: yes, no, or empty for
        an unverified target and for one that this size cannot meet. What is defined in no instance
        is not met.

    Raises
    ------
    InputError
        For a target that this size can meet, of something that no readout returned.
    """
    numbers = table[table["x_label"] == ""]
    left_out = {one.name for one in model.experiments if not one.instances[SIZES.index(size)]}
    rows = []
    for target in (one for one in model.targets if one.experiment not in left_out):
        own = numbers[numbers["experiment"] == target.experiment]
        values = own.loc[own["name"] == target.name, "value"].to_numpy()
        can = size in target.sizes
        if can and not values.size:
            known = sorted(set(own["name"]))
            where = f"network {model.name}: target of experiment {target.experiment}: not measured:"
            raise unknown(where, target.name, known)
        decides = can and target.trust != "unverified"
        values = values[~np.isnan(values)]
        measured = float(np.mean(values)) if values.size else np.nan
        rows.append(
            {
                "network": model.name,
                "experiment": target.experiment,
                "name": target.name,
                "meaning": target.meaning,
                "unit": target.unit,
                "n": values.size,
                "measured": measured,
                "spread": float(np.std(values, ddof=1)) if values.size > 1 else np.nan,
                "value": target.value,
                "low": target.low,
                "high": target.high,
                "trust": target.trust,
                "source": target.source,
                "pass": {True: "yes", False: "no"}[target.met(measured)] if decides else "",
            }
        )
    columns = ("value", "low", "high")
    return pd.DataFrame(rows).astype(dict.fromkeys(columns, float)) if rows else pd.DataFrame()


def stated(table: pd.DataFrame) -> pd.DataFrame:
    """Make the table of a page: what was measured, what it should be, and whether it is."""

    def bounds(row: Any) -> str:
        low, high = row["low"], row["high"]
        if pd.isna(low):
            return f"at most {high:.4g}"
        return f"at least {low:.4g}" if pd.isna(high) else f"{low:.4g} to {high:.4g}"

    spread = table["spread"].map(lambda v: "" if pd.isna(v) else f" (SD {v:.2g})")
    verdict = table["pass"].fillna("").map({"yes": "met", "no": "missed", "": "not judged"})
    return pd.DataFrame(
        {
            "network": table["network"],
            "experiment": table["experiment"],
            "measure": table["meaning"],
            "unit": table["unit"].replace("1", ""),
            "instances": table["n"],
            "measured": table["measured"].map("{:.4g}".format) + spread,
            "target": table.apply(bounds, axis=1),
            "verdict": verdict,
            "trust": table["trust"],
            "source": table["source"],
        }
    )
