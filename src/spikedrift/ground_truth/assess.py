"""Judgment of each statistic by the ground truth: bias, false alarms, power, and marks.

A statistic is judged in the cases in which the code that it reads does not change (`SEES` in
`spikedrift.config.ground_truth`). A statistic with a test is marked as biased where the test
rejects more often than its level (binomial test, upper tail). One without a test is marked where
its mean differs from the value that is stated for no drift (t-test over seeds, two-sided); where
none is stated, it is described and not judged. All judgments are corrected together (Holm 1979,
Scand J Stat 6:65).
"""

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd
import scipy
import xarray as xr

from spikedrift.config.ground_truth import GroundTruth
from spikedrift.core.errors import InputError
from spikedrift.stats.inference import holm

REFERENCE = "none"  # case without drift, the reference where a statistic states no such value
CONFIDENCE = 0.95


def assess(seeds: pd.DataFrame, options: GroundTruth) -> pd.DataFrame:
    """Judge every statistic in every case.

    Parameters
    ----------
    seeds : DataFrame
        Rows of `spikedrift.ground_truth.measure.measured`, with the name of their `case`.
    options : GroundTruth

    Returns
    -------
    DataFrame
        One row for each measure, statistic and case:

        * `code`; `case`, `title`, `matched` (by state); `knob`, `amount` of a power curve's point;
          `moves`, whether the code that the statistic reads changes there.
        * `n`, number of seeds; `refused`, those of them without a value; `mean`, `sd` of the
          values; `reference`, the value without drift, either the stated one or the mean of case
          `none`; `bias`, mean minus reference (paired by seed with case `none`), `bias_low`,
          `bias_high` (95 % Student interval over seeds).
        * `tested`, number of seeds with a p value; `rejections`, those of them at the level;
          `rate`, their share, with `rate_low`, `rate_high` (95 % Clopper-Pearson).
        * `p` of the judgment, `p_holm`, `biased`; NaN and False where nothing is judged.

    Raises
    ------
    InputError
        Where no seed gave a statistic.
    """
    known = seeds[seeds["statistic"] != ""]
    if known.empty:
        raise InputError("ground truth: no statistic was measured in any case")
    n_run = seeds.groupby(["measure", "case"])["seed"].nunique()
    rows = []
    for (measure, statistic), found in known.groupby(["measure", "statistic"], sort=False):
        code, no_drift = found["code"].iloc[0], float(found["no_drift"].iloc[0])
        has_test = bool(found["p_value"].notna().any())
        by_case = {name: part.set_index("seed") for name, part in found.groupby("case")}
        nowhere = found[:0].set_index("seed")
        still = by_case.get(REFERENCE, nowhere)["value"]
        for case in options.every_case():
            n = int(n_run.get((measure, case.name), 0))
            if not n:
                continue
            here = by_case.get(case.name, nowhere)
            value, p_values = here["value"].dropna(), here["p_value"].dropna()
            # One seed draws the same recording except for the knob: differences are paired.
            stated = np.isfinite(no_drift)
            apart = (value - (no_drift if stated else still.reindex(value.index))).dropna()
            moves = case.moves(options.recorded(case), code)
            knob, amount = options.knob(case) or ("", np.nan)
            p = np.nan
            if has_test and not moves:
                p = false_alarms(p_values, options.level)
            elif stated and not moves:
                p = shift(apart)
            rows.append(
                {
                    "measure": measure,
                    "statistic": statistic,
                    "code": code,
                    "case": case.name,
                    "title": case.title or case.name,
                    "matched": case.match_state,
                    "knob": knob,
                    "amount": amount,
                    "moves": moves,
                    "n": n,
                    "refused": n - value.size,
                    "mean": value.mean(),
                    "sd": value.std(),
                    "reference": no_drift if stated else still.mean(),
                    **_bias(apart),
                    "tested": p_values.size,
                    **_rejections(p_values, options.level),
                    "p": p,
                }
            )
    table = pd.DataFrame(rows)
    table["p_holm"] = holm(table["p"].to_numpy(float))
    table["biased"] = table["p_holm"] <= options.level
    return table


def false_alarms(p_values: pd.Series, level: float) -> float:
    """Probability of so many rejections or more if the test holds its level; NaN without a test."""
    if not p_values.size:
        return float("nan")
    k = int((p_values <= level).sum())
    return float(scipy.stats.binomtest(k, p_values.size, level, alternative="greater").pvalue)


def shift(apart: pd.Series) -> float:
    """Two-sided p of a t-test of the mean against 0; NaN with fewer than two seeds."""
    if apart.size < 2:
        return float("nan")
    if np.ptp(apart) == 0:  # a knob that changes no bit of the statistic
        return float(apart.iloc[0] == 0)
    return float(scipy.stats.ttest_1samp(apart, 0.0).pvalue)


def _bias(apart: pd.Series) -> dict[str, float]:
    bias = low = high = np.nan
    if apart.size:
        bias = float(apart.mean())
    if apart.size > 1:
        error = float(scipy.stats.sem(apart))
        half = scipy.stats.t.ppf(0.5 + CONFIDENCE / 2, apart.size - 1) * error
        low, high = bias - half, bias + half
    return {"bias": bias, "bias_low": low, "bias_high": high}


def _rejections(p_values: pd.Series, level: float) -> dict[str, float]:
    if not p_values.size:
        return dict.fromkeys(("rejections", "rate", "rate_low", "rate_high"), np.nan)
    k, n = int((p_values <= level).sum()), int(p_values.size)
    low, high = scipy.stats.binomtest(k, n).proportion_ci(CONFIDENCE, "exact")
    return {"rejections": k, "rate": k / n, "rate_low": low, "rate_high": high}


def dataset(
    seeds: pd.DataFrame, table: pd.DataFrame, options: GroundTruth, versions: Mapping[str, str]
) -> xr.Dataset:
    """Put the judgments, and the values of every seed behind them, into one Dataset.

    Returns
    -------
    Dataset
        Over dim `entry` (row of the table), its columns; over dims `entry`, `seed`, `value` and
        `p_value`, NaN where a seed has none. Attributes `options` (JSON), `software` (JSON),
        `level`.
    """
    keys = ["measure", "statistic", "case"]
    index = pd.MultiIndex.from_frame(table[keys])
    wide = {
        name: seeds[seeds["statistic"] != ""]
        .pivot_table(index=keys, columns="seed", values=name, dropna=False, observed=True)
        .reindex(index)
        for name in ("value", "p_value")
    }
    columns = {
        name: ("entry", table[name].to_numpy(str if table[name].dtype == object else None))
        for name in table
    }
    every = sorted(seeds["seed"].unique())
    arrays = {
        name: (("entry", "seed"), part.reindex(columns=every).to_numpy(float))
        for name, part in wide.items()
    }
    return xr.Dataset(
        columns | arrays,
        {"seed": every},
        {
            "options": options.model_dump_json(),
            "software": json.dumps(dict(versions), sort_keys=True),
            "level": options.level,
        },
    )
