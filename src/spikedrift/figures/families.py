"""Families of models, their parameters drawn: what drift tells apart, and what it does not.

First panel: for the runs of a family (rows) the share that a random forest takes for each family
(columns) by the statistics of the score alone, with its draw and its instance held out. Frames:
regimes, families that are taken for each other and put together. Second: balanced accuracy by the
statistics of drift, by mean rates alone and by both with what points should share; bars: bootstrap
over draws; gray ticks: chance, the mean over permutations of families over draws at the same
place of their axes, everything fitted anew. Filled where that test rejects at 5 %.

Below, one panel a statistic: dots are draws (mean over their instances) by family; the line is the
recording, where it has that statistic. Statistics that drift speed multiplies are divided by their
length, as the forest sees them, since speed is matched and no evidence.

Unit of inference: draw of a family's parameters. Regimes are named by all runs; how well they are
recovered is said of draws that had no part in it.
"""

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from spikedrift.comparison.conclusions import words_of
from spikedrift.comparison.recovery.families import speed_free
from spikedrift.comparison.scores.summary import STATISTICS
from spikedrift.config.figures import Figures
from spikedrift.figures import style

_COLUMNS = 3
_ROW, _PANEL = 0.24, 0.8  # height of a family's row, and of what surrounds a panel, inches
_WORDS = 26  # letters of a family's name
_LEVEL = 0.05
_DARK = 0.5  # share of a confusion from which on numbers are white
_KINDS = {"score": "drift", "rates": "mean rates", "every": "all statistics"}


def draw(
    *, recovery: xr.Dataset, scores: xr.Dataset, options: Figures | None = None
) -> tuple[Figure, pd.DataFrame]:
    """Draw the confusion of families, accuracies, and statistics by family.

    Parameters
    ----------
    recovery : Dataset
        Of `spikedrift.comparison.recovery.recovery.recover` with `families`.
    scores : Dataset
        The comparison that it was made of.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row a drawn number: panel (confusion, accuracy, or statistic), family, series (family
        recovered, classifier, or point), value, low, high, chance, p.
    """
    options = options or Figures()
    if "family_accuracy" not in recovery:
        with style.applied():
            figure = style.figure(options.width, 1.4)
            why = recovery.attrs.get("families_refused") or recovery.attrs.get("refused", "")
            return figure, style.said(figure.subplots(), f"No families are recovered: {why}")
    names = [str(one) for one in recovery["family"].values]
    words = words_of(scores)
    titles = {name: words.get(name, name) for name in names}
    observed = statistics(scores, names)
    shown = list(dict.fromkeys(observed["panel"]))
    rows = math.ceil(len(shown) / _COLUMNS)
    high = max(_ROW * len(names), 0.9) + _PANEL
    with style.applied():
        figure = style.figure(options.width, 1.35 * high + rows * high)
        top, below = style.rows(figure, [1.35 * high, rows * high])
        panels = top.subplots(1, 2, width_ratios=[1.25, 1])
        table = [
            _confusion(panels[0], recovery, names, titles),
            _accuracies(panels[1], recovery),
        ]
        grid = np.ravel(below.subplots(rows, _COLUMNS, squeeze=False, sharey=True))
        for place, statistic in zip(grid, shown, strict=False):
            _observed(place, observed[observed["panel"] == statistic], statistic, names)
        for place in grid[len(shown) :]:
            place.set_axis_off()
        grid[0].set_yticks(range(len(names)), [style.wrapped(titles[n], _WORDS) for n in names])
        grid[0].set_ylim(len(names) - 0.5, -0.5)
        style.footnote(figure, [_note(recovery, names), *style.notes_of(scores.attrs)])
    return figure, pd.concat([*table, observed], ignore_index=True)


def statistics(scores: xr.Dataset, names: list[str]) -> pd.DataFrame:
    """Statistics of the score by draw: mean over instances, as the forest sees them.

    Returns
    -------
    DataFrame
        panel (statistic), family (empty: the recording), series (point), value.
    """
    order = [str(one) for one in scores["statistic"].values]
    scales = scores["scales"].values.astype(bool)
    values = scores["instance_value"].transpose("point", "instance", "statistic").values
    family = scores["variant"].values.astype(str)
    rows = []

    def add(of: str, series: str, value: np.ndarray) -> None:
        for name, one in zip(order, value, strict=True):
            rows.append({"panel": name, "family": of, "series": series, "value": float(one)})

    for p, point in enumerate(scores["point"].values):
        whole = values[p][np.isfinite(values[p]).all(axis=1)]
        if family[p] in names and whole.size:
            add(family[p], str(point), speed_free(whole, scales).mean(axis=0))
    recorded = scores["recording_value"].values[None].astype(float)
    if np.isfinite(recorded).all():
        add("", str(scores.attrs["recording"]), speed_free(recorded, scales)[0])
    return pd.DataFrame(rows)


def _confusion(
    place: Axes, recovery: xr.Dataset, names: list[str], titles: Mapping[str, str]
) -> pd.DataFrame:
    share = recovery["family_confusion"].sel(classifier="score").values
    n = len(names)
    place.imshow(share, vmin=0, vmax=1, cmap="Greys", aspect="auto")
    for (i, j), value in np.ndenumerate(share):
        if value:
            place.text(j, i, f"{value:.2f}".replace("0.", "."), ha="center", va="center",
                       fontsize=6, color="white" if value > _DARK else "black")  # fmt: skip
    regime = recovery["regime"].values
    for i, j in np.ndindex(n, n):
        if regime[i] == regime[j]:
            place.add_patch(
                Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, ec=style.OKABE_ITO[1], lw=1.0)
            )
    counts = zip(names, recovery["family_draws"].values, strict=True)
    labels = [f"{style.wrapped(titles[name], _WORDS)} ({draws})" for name, draws in counts]
    place.set_xticks(range(n), [str(k + 1) for k in range(n)])
    place.set_yticks(range(n), [f"{label}  {k + 1}" for k, label in enumerate(labels)])
    place.tick_params(length=0)
    place.set_xlabel("taken for family")
    place.set_title("share of a family's runs, by drift")
    return pd.DataFrame(
        [
            {"panel": "confusion", "family": names[i], "series": names[j], "value": value}
            for (i, j), value in np.ndenumerate(share)
        ]
    )


def _accuracies(place: Axes, recovery: xr.Dataset) -> pd.DataFrame:
    rows = []
    kinds = [*_KINDS]
    for y, name in enumerate(kinds):
        one = recovery.sel(classifier=name)
        value, low, high, chance, p = (
            float(one[f"family_{key}"])
            for key in ("accuracy", "accuracy_low", "accuracy_high", "chance", "p")
        )
        color = style.OKABE_ITO[0] if name == "score" else style.GRAY
        place.plot([low, high], [y, y], color=color, lw=1.2)
        place.plot(value, y, "o", color=color, mfc=color if p <= _LEVEL else "white", ms=5)
        place.plot([chance, chance], [y - 0.3, y + 0.3], color="0.5", lw=1.5)
        rows.append(
            {"panel": "accuracy", "family": "", "series": name, "value": value, "low": low,
             "high": high, "chance": chance, "p": p}
        )  # fmt: skip
    words = [_KINDS[name] for name in kinds]
    if np.isfinite(float(recovery["regime_accuracy"])):
        y = len(kinds)
        value, low, high = (
            float(recovery[f"regime_accuracy{end}"]) for end in ("", "_low", "_high")
        )
        n = int(recovery["regime"].max()) + 1
        place.plot([low, high], [y, y], color=style.OKABE_ITO[1], lw=1.2)
        place.plot(value, y, "D", color=style.OKABE_ITO[1], ms=4.5)
        place.plot([1 / n, 1 / n], [y - 0.3, y + 0.3], color="0.5", lw=1.5, ls=":")
        words.append(f"{n} regimes, by drift")
        rows.append(
            {"panel": "accuracy", "family": "", "series": "regimes", "value": value, "low": low,
             "high": high, "chance": 1 / n, "p": np.nan}
        )  # fmt: skip
    place.set_yticks(range(len(words)), words)
    place.set_ylim(len(words) - 0.5, -0.5)
    place.set_xlim(0, 1)
    place.set_xlabel("balanced accuracy")
    place.set_title("families recovered")
    return pd.DataFrame(rows)


def _observed(place: Axes, part: pd.DataFrame, statistic: str, names: list[str]) -> None:
    known = STATISTICS.get(statistic)
    for row, name in enumerate(names):
        own = part[part["family"] == name]["value"].to_numpy()
        y = row + 0.5 * (np.arange(own.size) / max(own.size - 1, 1) - 0.5)
        place.plot(own, y, ls="", marker="o", ms=3, color="0.3", mec="none")
    for value in part.loc[part["family"] == "", "value"]:
        place.axvline(value, color=style.BLACK, lw=1.0, ls="--")
    words = known.title if known else statistic
    place.set_xlabel(
        style.wrapped(words + ", share of drift" * bool(known and known.scales), _WORDS)
    )


def _note(recovery: xr.Dataset, names: list[str]) -> str:
    draws, runs = (recovery[f"family_{key}"].values for key in ("draws", "runs"))
    regime = recovery["regime"].values
    n = int(regime.max()) + 1
    of = [", ".join(str(k + 1) for k in np.flatnonzero(regime == number)) for number in range(n)]
    if n == 1:
        said = "No family is told from the others: all are one regime."
    elif n < len(names):
        said = f"Regimes (frames), families taken for each other: {'; '.join(of)}."
    else:
        said = "Every family is recovered as often as was aimed at."
    if np.isfinite(float(recovery["regime_accuracy"])):
        said += " Dotted tick: one over their number."
    elif n > 1:
        said += " Without some draw all are one regime: how well they are recovered is not known."
    few = "" if recovery.attrs["families_enough"] else " Too few draws: an illustration."
    return (
        f"In brackets: draws of a family's parameters (the unit of inference); {runs.sum()} runs "
        f"of {draws.sum()} draws. Held out: the run's draw, in all families, and its instance. "
        "Gray ticks: chance. Filled: p at most .05, families permuted over "
        "draws at the same place of their axes. "
        f"{said} Dashed line: the recording.{few}"
    )
