"""Which runs of a survey are accepted, by variant, and what the others miss.

First panel: share of the runs of a variant that is accepted, with its 95 % Wilson interval, as far
as runs are independent draws; the rest was rejected or failed. Other panels, one a criterion: dots
are runs (network instances), filled where the run is accepted by all criteria, open where it is
not; the band holds the values that meet the criterion. All were set before drift was looked at, and
none says anything of drift but the distance from the matched tuning index, where speed is matched.
"""

import math

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from statsmodels.stats.proportion import proportion_confint

from spikedrift.config.figures import Figures
from spikedrift.figures import style
from spikedrift.sweeps.acceptance import DIMS

_COLUMNS = 3
_ROW, _PANEL = 0.22, 0.75  # height of a variant's row, and of what surrounds a panel, inches
_WORDS = 26  # letters of a variant's name, and of an axis' words in a line


def draw(*, data: xr.Dataset, options: Figures | None = None) -> tuple[Figure, pd.DataFrame]:
    """Draw the share accepted and every criterion.

    Parameters
    ----------
    data : Dataset
        Of the rule `collect_survey`, for a sweep with `accept`.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row for each run and criterion: variant, point, instance, status, accepted, criterion,
        value, low, high; one row without a criterion for a run of which none is known.
    """
    options = options or Figures()
    table = numbers(data)
    order = list(dict.fromkeys(table["variant"]))
    titles = dict(zip(data["variant"].values, data["title"].values, strict=True))
    criteria = [str(one) for one in data["criterion"].values] if "criterion" in data else []
    rows = math.ceil((1 + len(criteria)) / _COLUMNS)
    with style.applied():
        height = max(_ROW * len(order), 0.6) + _PANEL
        figure = style.figure(options.width, height * rows)
        grid = np.ravel(figure.subplots(rows, _COLUMNS, squeeze=False, sharey=True))
        _shares(grid[0], table, order)
        for place, criterion in zip(grid[1:], criteria, strict=False):
            _criterion(place, table[table["criterion"] == criterion], criterion, order)
        grid[0].set_yticks(
            range(len(order)), [style.wrapped(str(titles[name]), _WORDS) for name in order]
        )
        grid[0].set_ylim(len(order) - 0.5, -0.5)
        for place in grid[1 + len(criteria) :]:
            place.set_axis_off()
        style.footnote(figure, [_note(table, data)])
    return figure, table


def numbers(data: xr.Dataset) -> pd.DataFrame:
    """List runs with the value and the bounds of every criterion."""
    accepted = data["accepted"].transpose(*DIMS).values.astype(bool)
    status = data["status"].transpose(*DIMS).values.astype(str)
    rows = []
    for p, i in np.ndindex(*accepted.shape):
        run = {
            "variant": str(data["variant"].values[p]),
            "point": str(data["name"].values[p]),
            "instance": int(data["instance"].values[i]),
            "status": status[p, i],
            "accepted": int(accepted[p, i]),
        }
        if "criterion" not in data:
            rows.append({**run, "criterion": "", "value": np.nan, "low": np.nan, "high": np.nan})
            continue
        value = data["criterion_value"].transpose("criterion", *DIMS).values[:, p, i]
        columns = (data[name].values for name in ("criterion", "criterion_low", "criterion_high"))
        for name, low, high, here in zip(*columns, value, strict=True):
            rows.append({**run, "criterion": str(name), "value": here, "low": low, "high": high})
    return pd.DataFrame(rows)


def _runs(table: pd.DataFrame) -> pd.DataFrame:
    """One row for each run."""
    return table.drop_duplicates(["point", "instance"])


def _shares(place: Axes, table: pd.DataFrame, order: list[str]) -> None:
    """Share of the runs of every variant that is accepted, and how many that is."""
    for row, (_, own) in enumerate(_runs(table).groupby("variant", sort=False)):
        n, n_accepted = len(own), int(own["accepted"].sum())
        low, high = proportion_confint(n_accepted, n, method="wilson")
        place.barh(row, n_accepted / n, height=0.6, color=style.OKABE_ITO[2])
        place.plot([low, high], [row, row], color=style.BLACK, lw=0.8)
        place.annotate(
            f"{n_accepted} of {n}", (1.0, row), xytext=(3, 0), textcoords="offset points",
            va="center", fontsize=6, annotation_clip=False,
        )  # fmt: skip
    place.set_xlim(0, 1)
    place.set_xlabel("share accepted")


def _criterion(place: Axes, table: pd.DataFrame, words: str, order: list[str]) -> None:
    """Values of one criterion, a row a variant, and the band of those that meet it."""
    known = table.dropna(subset="value")
    low, high = (float(table[name].iloc[0]) for name in ("low", "high"))
    ends = [*known["value"], *(end for end in (low, high) if math.isfinite(end))]
    margin = 0.06 * (max(ends) - min(ends)) or 0.1
    least, most = min(ends) - margin, max(ends) + margin
    place.axvspan(max(low, least), min(high, most), color=style.OKABE_ITO[2], alpha=0.2, lw=0)
    for variant, own in known.groupby("variant"):
        row, n = order.index(str(variant)), len(own)
        y = row + 0.5 * (np.arange(n) / max(n - 1, 1) - 0.5)
        taken = own["accepted"].to_numpy() == 1
        for chosen, face in ((taken, style.BLACK), (~taken, "none")):
            place.plot(own["value"].to_numpy()[chosen], y[chosen], ls="", marker="o", ms=2.5,
                       mfc=face, mec=style.BLACK, mew=0.5)  # fmt: skip
    place.set_xlim(least, most)
    # Few, so that numbers of many digits stay apart.
    place.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    place.set_xlabel(style.wrapped(words, _WORDS))


def _note(table: pd.DataFrame, data: xr.Dataset) -> str:
    runs = _runs(table)
    failed = int((runs["status"] == "failed").sum())
    return (
        f"Dots: runs of {data.attrs['sweep']} (network instances; the unit of inference), filled "
        f"where accepted: {int(runs['accepted'].sum())} of {len(runs)}; {failed} failed. "
        "Bars: share accepted with its 95 % Wilson interval. Green bands: what was asked for."
    )
