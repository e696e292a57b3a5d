"""Template reliability: single trials against the mean response of their block and of others."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.figures import style


def draw(result: xr.Dataset, options: Figures, **_: Any) -> tuple[Figure, pd.DataFrame]:
    """Draw correlations of trials with templates of the own segment and of others.

    Parameters
    ----------
    result : Dataset
        Of the analysis `template_reliability`.
    options : Figures

    Returns
    -------
    figure, table
        The table has one row for each trial and template block.
    """
    own, other = result["own"].values, result["other"].values
    block = result["trial_block"].values
    within = np.equal.outer(block, np.arange(own.shape[1]))
    groups = {
        "own segment, within": own[within],
        "own segment, between": own[~within],
        "other segments, within": other[within],
    }
    with style.applied():
        figure = style.figure(options.width * 0.6, options.width * 0.42)
        axes = figure.subplots()
        colors = (style.CODE["rate"], style.OKABE_ITO[5], style.GRAY)
        edges = np.linspace(-0.2, 1, 49)
        for (name, values), color in zip(groups.items(), colors, strict=True):
            known = values[np.isfinite(values)]
            share = np.histogram(np.clip(known, edges[0], edges[-1]), edges)[0] / max(known.size, 1)
            axes.stairs(100 * share, edges, color=color, lw=1.4, label=name)
            axes.axvline(known.mean(), color=color, lw=0.8, ls="--")
        axes.set(xlabel="correlation of a trial with the template", ylabel="trials (%)")
        axes.legend(title="dashed: mean")
        drop = result.sel(statistic="drop")
        test = str(result.attrs["test_note"]) or f"exchange test p = {float(drop['p_value']):.3g}"
        note = (
            f"drop between blocks {float(drop['value']):.3f}; {test}; n = {int(drop['n'])} trials"
        )
        style.footnote(figure, [note, *style.notes_of(result.attrs)])
    trial, column = np.indices(own.shape)
    table = pd.DataFrame(
        {
            "trial": trial.ravel(),
            "template_block": column.ravel(),
            "within": within.ravel(),
            "own_segment": own.ravel(),
            "other_segments": other.ravel(),
        }
    )
    return figure, table
