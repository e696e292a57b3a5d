"""Indices and statistics of many recordings, taken over animals or network instances.

The value of an animal is the mean of its recordings; animals count alike, whatever the number of
their recordings and units. Recordings whose animal is not known are not tested.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from spikedrift.config.inference import Inference
from spikedrift.core.errors import InputError
from spikedrift.drift.signal.indices import CODES
from spikedrift.drift.signal.recording import MATCHING
from spikedrift.spikes import caveats
from spikedrift.spikes.selections import stream
from spikedrift.stats.inference import (
    NAN,
    hedges_g,
    hierarchical_bootstrap,
    holm,
    mixed_model,
    sign_flip,
    student_interval,
    wilcoxon,
)

INDEX = "signal_index"
KEY = ["group", "selection", "analysis", "statistic"]
COLUMNS = [
    "n_animals", "n_recordings", "n_units", "n_undefined", "mean", "low", "high", "interval",
    "mixed_mean", "mixed_low", "mixed_high", "no_drift", "test", "p_value", "p_holm", "smallest_p",
    "g", "g_low", "g_high", "note",
]  # fmt: skip
VALUES = ["recording", "animal", "value", "no_drift", "n_units", "caveat"]
Row = tuple[Mapping[str, str], xr.Dataset]


def long_table(indices: Iterable[Row], analyses: Iterable[Row]) -> pd.DataFrame:
    """Table of one row for each recording, selection, analysis and statistic.

    Parameters
    ----------
    indices : iterable of (mapping, Dataset)
        The keys of a row (group, recording, selection), and the file of indices of a recording.
    analyses : iterable of (mapping, Dataset)
        The same keys with `analysis`, and what `analyze` returned.

    Returns
    -------
    DataFrame
        `group`, `recording`, `selection`, `analysis`, `statistic`, `value`, `no_drift`, `animal`
        (empty where not known), `n_units`, `caveat` (why it is not tested).
    """
    rows: list[dict[str, Any]] = []

    def add(key: Mapping[str, str], dataset: xr.Dataset, **more: Any) -> None:
        animal, caveat = caveats.subject_of(dataset.attrs)
        if more.pop("ordered"):
            caveat = caveat or caveats.caveat(dataset.attrs)
        rows.append(
            {**key, **more, "animal": animal, "n_units": dataset.attrs["n_units"], "caveat": caveat}
        )

    for key, dataset in indices:
        for code in CODES:
            for matching in MATCHING:
                name = f"{code}.index" + "_matched" * (matching == "state")
                value = float(dataset["index"].sel(code=code, matching=matching))
                more = {"statistic": name, "value": value, "no_drift": 0.0, "ordered": True}
                add({**key, "analysis": INDEX}, dataset, **more)
    for key, dataset in analyses:
        for name in map(str, dataset["statistic"].values):
            one = dataset.sel(statistic=name)
            add(
                key,
                dataset,
                statistic=name,
                value=float(one["value"]),
                no_drift=float(one["no_drift"]),
                ordered=bool(one["ordered"]),
            )
    return pd.DataFrame(rows, columns=[*KEY, *VALUES])


def contrasts(table: pd.DataFrame, controls: Mapping[str, str]) -> pd.DataFrame:
    """Differences between each recording of a group and its control, within animals or instances.

    Parameters
    ----------
    table : DataFrame
        Of `long_table`.
    controls : mapping of group -> group
        Variants of one instance share wiring, patterns and noise, so that differences are paired.

    Returns
    -------
    DataFrame
        As `table`; groups are called `{group} minus {control}`, and `no_drift` is 0. The value of
        the control is the mean over its recordings of the same animal or instance.
    """
    parts = []
    on = ["selection", "analysis", "statistic", "animal"]
    for group, control in controls.items():
        one, two = (
            table[(table["group"] == g) & (table["animal"] != "")] for g in (group, control)
        )
        both = one.merge(
            two.groupby(on, as_index=False)["value"].mean(), on=on, suffixes=("", "_c")
        )
        parts.append(
            both.assign(
                group=f"{group} minus {control}",
                value=both["value"] - both["value_c"],
                no_drift=0.0,
            )[[*KEY, *VALUES]]
        )
    return pd.concat(parts, ignore_index=True) if parts else table.iloc[:0]


def infer(table: pd.DataFrame, options: Inference, seed: int) -> pd.DataFrame:
    """Summarize and test every statistic of a long table over animals.

    Parameters
    ----------
    table : DataFrame
        From `long_table`, with the rows of `contrasts` where there are some.
    options : Inference
    seed : int

    Returns
    -------
    DataFrame
        One row for each group, selection, analysis and statistic: `n_animals`, `n_recordings`,
        `n_units` (of those recordings together), `n_undefined` (recordings without a value), `mean`
        over animals with `low`, `high` and the kind of `interval`; `mixed_mean`, `mixed_low`,
        `mixed_high` (intercept of value ~ 1 + (1 | animal); NaN where no animal has two
        recordings); `no_drift` (mean over animals); `test`, `p_value`, `p_holm` (over the
        statistics of one group and selection), `smallest_p` (the smallest p that n animals can
        give); Hedges' `g` of animals against no drift, `g_low`, `g_high`; `note`, why a row is not
        tested.

    Raises
    ------
    InputError
        Where `options.statistics` names a statistic that does not exist, or nothing is left.
    """
    names = table["analysis"] + "." + table["statistic"]
    if options.statistics is not None:
        for name in options.statistics:
            if not (names == name).any():
                raise InputError(
                    f"config: inference {options.name}: no statistic {name!r}; there are "
                    f"{', '.join(sorted(set(names))) or 'none'}"
                )
        table = table[names.isin(options.statistics)]
    if table.empty:
        raise InputError(f"config: inference {options.name}: no recording has a statistic")
    rows = [
        {**dict(zip(KEY, key, strict=True)), **_one(part, options, stream(seed, *_drawn_as(*key)))}
        for key, part in table.groupby(KEY, sort=False)
    ]
    out = pd.DataFrame(rows)
    out["p_holm"] = out.groupby(["group", "selection"], sort=False)["p_value"].transform(
        lambda p: holm(p.to_numpy())
    )
    return out[[*KEY, *COLUMNS]]


def _drawn_as(group: object, selection: object, analysis: object, statistic: object) -> list[str]:
    """Key of the stream of a row: analyses and statistics by the names that they first had.

    They were called `drift_index` before `signal_index` and `rdi`: renaming draws no other numbers.
    """
    first = {INDEX: "drift_index", "rdi": "drift_index"}
    names = str(statistic).split(".")
    names[-1] = "drift_index" if names[-1] == "rdi" else names[-1]
    return [str(group), str(selection), first.get(str(analysis), str(analysis)), ".".join(names)]


def _one(part: pd.DataFrame, options: Inference, rng: np.random.Generator) -> dict[str, Any]:
    """Inference of one statistic of one group."""
    defined = part[np.isfinite(part["value"])]
    known = defined[defined["animal"] != ""]
    found: dict[str, Any] = {
        "n_animals": known["animal"].nunique(),
        "n_recordings": len(known),
        "n_units": int(known["n_units"].sum()),
        "n_undefined": len(part) - len(defined),
    }
    animals = known.groupby("animal")["value"].mean().to_numpy()
    against = known.assign(value=known["value"] - known["no_drift"])
    deviation = against.groupby("animal")["value"].mean().to_numpy()
    mean = float(animals.mean()) if animals.size else NAN
    low, high, interval = _interval(known, animals, options, rng)
    found |= {"mean": mean, "low": low, "high": high, "interval": interval}
    found |= _mixed(known, options)
    found |= {"no_drift": mean - float(deviation.mean()) if animals.size else NAN}
    against = sorted(set(part["caveat"]) - {""})
    n, note = animals.size, ""
    if against:
        note = f"no test: {'; '.join(against)}"
    elif n < options.min_animals:
        note = f"no test: {n} animals or instances, {options.min_animals} are needed"
    elif not np.isfinite(deviation).all():
        note = "no test: no value is known for no drift"
    found |= {"test": "", "p_value": NAN, "smallest_p": NAN, "g": NAN, "g_low": NAN, "g_high": NAN}
    if not note:
        p, least = sign_flip(deviation, rng) if options.test == "sign_flip" else wilcoxon(deviation)
        effect = hedges_g(deviation, confidence=options.confidence)
        found |= {"test": options.test, "p_value": p, "smallest_p": least}
        found |= {"g": effect.value, "g_low": effect.low, "g_high": effect.high}
    return {**found, "note": note}


def _interval(
    known: pd.DataFrame, animals: np.ndarray, options: Inference, rng: np.random.Generator
) -> tuple[float, float, str]:
    share = f"{100 * options.confidence:g} %"
    if options.interval == "student" or animals.size < 2:
        return *student_interval(animals, options.confidence), f"{share} Student over animals"
    drawn = hierarchical_bootstrap(
        known["value"].to_numpy(), [known["animal"].to_numpy()], options.bootstrap, rng
    )
    tail = (1 - options.confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high), f"{share} bootstrap over animals, then recordings"


def _mixed(known: pd.DataFrame, options: Inference) -> dict[str, float]:
    names = ("mixed_mean", "mixed_low", "mixed_high")
    try:
        fixed = mixed_model(known, confidence=options.confidence).fixed
    except InputError:  # one recording an animal, or values that are all the same
        return dict.fromkeys(names, NAN)
    row = fixed.loc["Intercept", ["estimate", "low", "high"]].to_numpy(dtype=float)
    return dict(zip(names, row.tolist(), strict=True))
