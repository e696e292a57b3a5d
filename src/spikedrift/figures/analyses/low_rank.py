"""Low-rank dynamics: held-out fit by rank, overlap of subspaces between blocks, drift by lag."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.figures import style

LOOK = {
    "lds": (style.BLACK, "o"),
    "linear": (style.OKABE_ITO[2], "s"),
    "tanh": (style.OKABE_ITO[3], "^"),
}
NAMES = {
    "lds": "latent linear system",
    "linear": "linear network",
    "tanh": "network with tanh",
}
APART = 0.07  # of the models at one lag, in blocks


def draw(result: xr.Dataset, options: Figures, **_: Any) -> tuple[Figure, pd.DataFrame]:
    """Draw the fit against rank, and overlap and drift of subspaces against lag.

    Parameters
    ----------
    result : Dataset
        Of the analysis `low_rank`.
    options : Figures

    Returns
    -------
    figure, table
        The table has one row for each model and each rank, distance of blocks or lag.
    """
    with style.applied():
        figure = style.figure(options.width, options.width * 0.36)
        panels = figure.subplots(1, 3)
        _fit(panels[0], result)
        figure.legend(loc="outside upper center", ncols=5, columnspacing=1.2)
        _against_lag(panels[1], result, "overlap", "apart")
        panels[1].axhline(1, color="0.7", lw=0.6, ls="--", zorder=0)
        panels[1].axhline(0, color="0.7", lw=0.6, zorder=0)
        panels[1].set(ylabel="overlap of subspaces\n(0 chance, 1 the same)")
        apart = result["apart"].values
        if apart.size < 10:
            labels = ["two halves\nof a block", *(f"{k}" for k in apart[1:])]
            panels[1].set_xticks(apart, labels)
        panels[1].set_xlabel("blocks apart")
        _against_lag(panels[2], result, "drift", "lag")
        _null(panels[2], result)
        panels[2].axhline(0, color="0.7", lw=0.6, zorder=0)
        panels[2].set(
            xlabel="lag (blocks)", ylabel="drift of the subspace\n(0 kept, 1 independent)"
        )
        style.whole_ticks(panels[2].xaxis)
        for text, panel in zip("abc", panels, strict=True):
            style.letter(panel, text)
        style.footnote(figure, [*_notes(result), *style.notes_of(result.attrs)])
    return figure, _table(result)


def _statistic(result: xr.Dataset, name: str, column: str = "value") -> float:
    return float(result[column].sel(statistic=name))


def _reach(part: xr.Dataset, name: str) -> np.ndarray:
    """Lengths of error bars, down and up: shape (2, n)."""
    ends = np.stack([part[name + end].values for end in ("_low", "_high")])
    return np.abs(ends - part[name].values)


def _fit(axes: Axes, result: xr.Dataset) -> None:
    """Fit against rank; the chosen rank of each model is filled."""
    ranks = result["rank"].values
    for model, (color, marker) in LOOK.items():
        part = result.sel(model=model)
        axes.errorbar(ranks, part["fit"].values, _reach(part, "fit"), color=color, marker=marker,
                      mfc="white", lw=1, elinewidth=0.6, label=NAMES[model])  # fmt: skip
        rank = _statistic(result, f"{model}.rank")
        axes.plot(rank, _statistic(result, f"{model}.fit"), marker, color=color, zorder=3)
    axes.axhline(1, color="0.5", lw=0.8, ls="--", label="all that can be predicted")
    axes.axhline(_statistic(result, "averages.fit"), color="0.5", lw=0.8, ls=":",
                 label="averages themselves")  # fmt: skip
    low = min(0.0, _statistic(result, "averages.fit"), float(result["fit"].min()))
    axes.set(xlabel="rank (filled: chosen)", ylabel="fit to held-out trials",
             xticks=ranks, ylim=(max(low, -1.0) - 0.05, None))  # fmt: skip


def _against_lag(axes: Axes, result: xr.Dataset, name: str, along: str) -> None:
    """One line a model, with its interval."""
    at = result[along].values
    for shift, (model, (color, marker)) in enumerate(LOOK.items()):
        part = result.sel(model=model)
        axes.errorbar(at + APART * (shift - 1), part[name].values, _reach(part, name),
                      color=color, marker=marker, lw=1, elinewidth=0.6)  # fmt: skip
    axes.set_xlim(at[0] - 0.5, at[-1] + 0.5)


def _null(axes: Axes, result: xr.Dataset) -> None:
    """Range of the drift of the latent system where trials are exchanged, over all lags."""
    low, high = (_statistic(result, "lds.subspace.drift", f"null_{end}") for end in ("low", "high"))
    if np.isfinite(low):
        axes.axhspan(low, high, color="0.9", lw=0, zorder=0)


def _notes(result: xr.Dataset) -> list[str]:
    said = []
    for model, name in NAMES.items():
        value, low, high = (
            _statistic(result, f"{model}.subspace.drift", key) for key in ("value", "low", "high")
        )
        rank = int(_statistic(result, f"{model}.rank"))
        at_end = " (the largest tried)" if rank == result["rank"].values[-1] else ""
        drift = f"drift {value:.3f} [{low:.3f}, {high:.3f}]"
        known = drift if np.isfinite(value) else "no subspace that halves of blocks agree on"
        said.append(f"{name}: rank {rank}{at_end}, {known}")
    test = str(result.attrs["test_note"]) or (
        "exchange test of the latent system's "
        f"p = {_statistic(result, 'lds.subspace.drift', 'p_value'):.3g} "
        "(gray: 95 % of the null, all lags)"
    )
    more = [
        f"{words} {_statistic(result, name):.3f} [{_statistic(result, name, 'low'):.3f}, "
        f"{_statistic(result, name, 'high'):.3f}]"
        for words, name in (
            ("linear network less latent system", "linear.less_lds"),
            ("tanh less linear", "tanh.less_linear"),
        )
    ]
    return [
        f"{'; '.join(said)}; {test}; fit at these ranks: {', '.join(more)}; bars and brackets: "
        f"95 % bootstrap over units; n = {int(result.attrs['n_used'])} units of one recording; "
        f"bins of {1000 * float(result.attrs['bin']):.3g} ms, smoothed by "
        f"{1000 * float(result.attrs['smoothing']):.3g} ms; halves of "
        f"{int(result.attrs['trials_in_half'])} trials of each segment"
    ]


def _table(result: xr.Dataset) -> pd.DataFrame:
    parts = []
    for name, along in (("fit", "rank"), ("overlap", "apart"), ("drift", "lag")):
        names = [name, f"{name}_low", f"{name}_high"]
        part = result[names].to_dataframe().reset_index()
        part = part.rename(columns=dict(zip(names, ("shown", "low", "high"), strict=True)))
        parts.append(part.assign(what=name, along=along).rename(columns={along: "at"}))
    columns = ["what", "model", "along", "at", "shown", "low", "high"]
    return pd.concat(parts, ignore_index=True)[columns]
