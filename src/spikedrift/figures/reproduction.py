"""Reproduction: a published network against what its paper, or an independent computation, says.

Upper panels, one a target: dots are network instances, which differ in wiring, first weights, input
and noise, where the measure is defined; the bar is their mean, which is held against the band of
values that meet the target; the bounds were set before the network was run. The band is green where
the target is met, red where it is missed, and gray where the value is unverified, or where a quick
reproduction is too short to meet it; a line marks the published number where there is one. Lower
panels: curves that the paper reports, one line an instance, one color an experiment, without a
test. A network that meets its targets is the published network, which says nothing about whether
cortex works like it.
"""

import math
import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.figures import style

_COLUMNS = 4
_BANDS = {"yes": style.OKABE_ITO[2], "no": style.OKABE_ITO[1], "": style.GRAY}
_VERDICT = {"yes": "met", "no": "missed", "": "not judged"}
_TITLE = 24  # characters


def draw(
    *,
    measured: pd.DataFrame,
    targets: pd.DataFrame,
    network: str,
    size: str,
    options: Figures | None = None,
) -> tuple[Figure, pd.DataFrame]:
    """Draw a panel for every target and every curve.

    Parameters
    ----------
    measured, targets : DataFrame
        Of the rule `reproduce_network`.
    network, size : str
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        As `measured`.
    """
    options = options or Figures()
    words = measured["x_label"].fillna("")
    curves = list(measured[words != ""].groupby("name", sort=False))
    n_panels = len(targets) + len(curves)
    rows = math.ceil(n_panels / _COLUMNS)
    with style.applied():
        figure = style.figure(options.width, 1.75 * rows + 0.5)
        grid = np.ravel(figure.subplots(rows, _COLUMNS, squeeze=False))
        for axes, target in zip(grid, targets.to_dict("records"), strict=False):
            own = measured[(words == "") & (measured["experiment"] == target["experiment"])]
            values = own.loc[own["name"] == target["name"], "value"].dropna()
            _target(axes, target, values.to_numpy())
        for axes, (_, part) in zip(grid[len(targets) :], curves, strict=False):
            _curve(axes, part)
        for axes in grid[n_panels:]:
            axes.set_axis_off()
        figure.suptitle(f"{network.replace('_', ' ')}, {size} size", x=0.01, ha="left", fontsize=9)
    return figure, measured


def _target(axes: Axes, target: dict, values: np.ndarray) -> None:
    """Draw instances, their mean, and the band of the target."""
    verdict = target["pass"] if isinstance(target["pass"], str) else ""
    low, high = target["low"], target["high"]
    known = [v for v in (low, high, target["value"]) if not pd.isna(v)]
    least, most = min([*values, *known]), max([*values, *known])
    margin = 0.15 * (most - least) or 0.1 * abs(most) or 0.1
    least, most = least - margin, most + margin
    band = (least if pd.isna(low) else low, most if pd.isna(high) else high)
    axes.axhspan(*band, color=_BANDS[verdict], alpha=0.2, lw=0)
    if not pd.isna(target["value"]):
        axes.axhline(target["value"], color=_BANDS[verdict], lw=0.8)
    across = np.linspace(-0.2, 0.2, values.size) if values.size > 1 else np.zeros(values.size)
    axes.plot(across, values, ls="", marker="o", ms=2.5, color=style.BLACK, alpha=0.6)
    if values.size:
        axes.plot([-0.3, 0.3], [values.mean()] * 2, color=style.BLACK, lw=1.5)
    axes.set_xlim(-0.6, 0.6)
    axes.set_ylim(least, most)
    axes.set_xticks([])
    axes.set_xlabel(f"{_VERDICT[verdict]}, n = {values.size}")
    axes.set_title(
        "\n".join(textwrap.wrap(f"{target['meaning']} ({target['experiment']})", _TITLE)),
        fontsize=6.5,
    )
    if target["unit"] not in ("1", 1):
        axes.set_ylabel(target["unit"])


def _curve(axes: Axes, part: pd.DataFrame) -> None:
    """Draw a curve of every instance; those of all experiments share the axes."""
    experiments = list(part["experiment"].unique())
    colors = dict(zip(experiments, [style.BLACK, *style.OKABE_ITO], strict=False))
    for experiment, runs in part.groupby("experiment", sort=False):
        for number, (_, one) in enumerate(runs.groupby("instance")):
            label = None if number else str(experiment).replace("_", " ")
            axes.plot(
                one["x"], one["value"], color=colors[experiment], lw=0.8, alpha=0.6, label=label
            )
    axes.locator_params(axis="x", nbins=3)
    axes.set_xlabel(textwrap.fill(part["x_label"].iloc[0], _TITLE))
    axes.set_ylabel(textwrap.fill(part["y_label"].iloc[0], _TITLE))
    if len(experiments) > 1:
        axes.legend(loc="best", fontsize=5.5, handlelength=1.2, borderaxespad=0.2)
    else:
        axes.set_title(experiments[0].replace("_", " "), fontsize=6.5)
