"""Parameters of families of models that give a recording's drift, and whether to believe it.

Rows are families. One panel an axis: the posterior's density over the prior's, which is flat, with
the range that is excluded shaded; the outline is rejection ABC, which needs no network; a triangle
marks the value that the recording was made with, where it is known. Then draws of the first two
axes together. Last, calibration: of runs that were not trained, the share of true values below each
fraction of the posterior, less that fraction. A calibrated posterior stays in the gray band, which
is simultaneous. A family of which no run is like the recording is excluded as a whole. Its
posterior is drawn pale, as is one that has nothing in common with rejection ABC: it says nothing.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikedrift.comparison.posterior.posterior import LEVEL, apart
from spikedrift.config.figures import Figures
from spikedrift.figures import style

_ROW = 1.75  # height of a family's row, inches
_BINS, _COARSE = 25, 10  # of the posterior's histogram, and of that of rejection ABC
_WORDS = 24  # letters in a line of an axis' words
_POSTERIOR, _EXCLUDED, _REFERENCE = style.OKABE_ITO[0], "#e6e6e6", style.BLACK
_KNOWN = style.OKABE_ITO[1]
_LINES = ("-", "--", ":", "-.")  # of parameters in the panel of calibration


def draw(*, data: xr.Dataset, options: Figures | None = None) -> tuple[Figure, pd.DataFrame]:
    """Draw posteriors of all families, and their calibration.

    Parameters
    ----------
    data : Dataset
        Of the rule `infer_posterior`.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        One row for each family and axis: variant, axis, interval of the posterior and of rejection
        ABC, excluded share, p of calibration, recovery, median contraction, coverage by level,
        p_typical.
    """
    options = options or Figures()
    table = numbers(data)
    names, n_axes = [str(name) for name in data["variant"].values], data.sizes["axis"]
    with style.applied():
        figure = style.figure(options.width, _ROW * len(names) + 0.3)
        grid = figure.subplots(len(names), n_axes + 2, squeeze=False)
        for row, name in zip(grid, names, strict=True):
            one = data.sel(variant=name)
            off = apart(one["interval"].values, one["nearest_interval"].values)
            pale = 0.3 if off or float(one["atypical_p"]) < LEVEL else 1.0
            for place, axis in zip(row, data["axis"].values, strict=False):
                _marginal(place, one.sel(axis=axis), pale)
            _pair(row[n_axes], one, pale)
            _calibration(row[-1], one)
            words = style.wrapped(str(one["variant_title"].values), _WORDS)
            row[0].set_ylabel(f"{words}\ndensity over the prior's")
        style.footnote(figure, _notes(data))
    return figure, table


def numbers(data: xr.Dataset) -> pd.DataFrame:
    """List what was found by family and axis."""
    rows = []
    for name in data["variant"].values:
        for axis in data["axis"].values:
            one = data.sel(variant=name, axis=axis)
            rows.append(
                {
                    "variant": str(name),
                    "axis": str(axis),
                    "low": float(one["interval"].sel(edge="low")),
                    "high": float(one["interval"].sel(edge="high")),
                    "nearest_low": float(one["nearest_interval"].sel(edge="low")),
                    "nearest_high": float(one["nearest_interval"].sel(edge="high")),
                    "known": float(one["axis_known"]),
                    "excluded": float(one["excluded"]),
                    "atypical_p": float(one["atypical_p"]),
                    "sbc_p": float(one["sbc_p"]),
                    "nearest_sbc_p": float(one["nearest_sbc_p"]),
                    "recovery": float(one["recovery"]),
                    "nearest_recovery": float(one["nearest_recovery"]),
                    "contraction": float(one["contraction"].median()),
                    **{
                        f"coverage_{level:g}": float(one["coverage"].sel(level=level))
                        for level in one["level"].values
                    },
                    "n_trained": int(one["n_trained"]),
                    "n_held_out": int(data.sizes["held_out"]),
                }
            )
    return pd.DataFrame(rows)


def _place(values: np.ndarray, one: xr.Dataset) -> np.ndarray:
    """Place of values on an axis, 0 to 1, evenly as the prior is."""
    ends = np.array([one["axis_low"], one["axis_high"]])
    if bool(one["axis_log"]):
        values, ends = np.log(values), np.log(ends)
    return np.asarray((values - ends[0]) / (ends[1] - ends[0]))


def _height(one: xr.Dataset, name: str, n: int) -> np.ndarray:
    """Density of draws in n bins over that of the prior."""
    values = one[name].values
    counts, _ = np.histogram(_place(values, one), np.linspace(0, 1, n + 1))
    return np.asarray(counts / len(values) * n)


def _edges(one: xr.Dataset, n: int) -> np.ndarray:
    """Ends of n bins that the prior fills evenly, values on the axis."""
    low, high = float(one["axis_low"]), float(one["axis_high"])
    of = np.geomspace if bool(one["axis_log"]) else np.linspace
    return np.asarray(of(low, high, n + 1))


def _marginal(place: Axes, one: xr.Dataset, alpha: float) -> None:
    """Posterior of one axis over its prior."""
    low, high = float(one["axis_low"]), float(one["axis_high"])
    inner = one["interval"].values
    for ends in ((low, inner[0]), (inner[1], high)):
        place.axvspan(*ends, color=_EXCLUDED, lw=0)
    filled = _height(one, "draw_value", _BINS)
    place.stairs(filled, _edges(one, _BINS), fill=True, color=_POSTERIOR, alpha=0.6 * alpha)
    outline = _height(one, "nearest_value", _COARSE)
    place.stairs(outline, _edges(one, _COARSE), color=_REFERENCE, lw=0.8)
    place.axhline(1.0, color=style.GRAY, lw=0.6, ls=":")
    known = float(one["axis_known"])
    if np.isfinite(known):
        place.plot(known, 0, marker="^", ms=5, color=_KNOWN, clip_on=False, zorder=5)
    _scale(place.set_xscale, place.set_xlim, one)
    place.set_xlabel(style.wrapped(str(one["axis_title"].values), _WORDS))
    place.set_ylim(bottom=0)


def _scale(
    set_scale: Callable[..., object], set_limits: Callable[..., object], one: xr.Dataset
) -> None:
    """Give an axis of a panel the scale and the ends of a parameter."""
    set_scale("log" if bool(one["axis_log"]) else "linear")
    set_limits(float(one["axis_low"]), float(one["axis_high"]))


def _pair(place: Axes, one: xr.Dataset, alpha: float) -> None:
    """Draws of the first two axes."""
    x, y = (one.isel(axis=k) for k in (0, 1))
    place.plot(x["draw_value"].values, y["draw_value"].values, ls="", marker=".", ms=2, mew=0,
               color=_POSTERIOR, alpha=0.5 * alpha)  # fmt: skip
    place.plot(x["nearest_value"].values, y["nearest_value"].values, ls="", marker="o", ms=3,
               mfc="none", mec=_REFERENCE, mew=0.6)  # fmt: skip
    if np.isfinite(known := [float(x["axis_known"]), float(y["axis_known"])]).all():
        place.plot(*known, ls="", marker="^", ms=5, color=_KNOWN)
    _scale(place.set_xscale, place.set_xlim, x)
    _scale(place.set_yscale, place.set_ylim, y)
    place.set_xlabel(style.wrapped(str(x["axis_title"].values), _WORDS))
    place.set_ylabel(style.wrapped(str(y["axis_title"].values), _WORDS))


def _calibration(place: Axes, one: xr.Dataset) -> None:
    """Distribution function of the ranks less that of uniform ones."""
    at = one["rank_place"].values
    place.fill_between(at, one["rank_low"].values - at, one["rank_high"].values - at,
                       color=_EXCLUDED, lw=0)  # fmt: skip
    place.axhline(0, color=style.GRAY, lw=0.6, ls=":")
    for k in range(one.sizes["axis"]):
        axis = one.isel(axis=k)
        place.plot(at, axis["rank_share"].values - at, color=style.VARIANT[k % 7], lw=1,
                   ls=_LINES[k % len(_LINES)], label=str(axis["axis"].values))  # fmt: skip
    place.set_xlim(0, 1)
    reach = max(abs(end) for end in place.get_ylim())
    place.set_ylim(-reach, 1.6 * reach)  # room for the legend
    place.set_xlabel("fraction of posterior")
    place.set_ylabel("share of true values\nbelow, less fraction")
    place.legend(loc="upper center", handlelength=1.6, borderaxespad=0.1)


def _notes(data: xr.Dataset) -> list[str]:
    return [
        str(data.attrs["conclusion"]),
        "Blue: posterior; outline and circles: rejection ABC; gray: excluded; dotted: prior; "
        "triangle: known value. Calibration: runs that were not trained, with a 95 % simultaneous "
        "band. Every run has wiring, patterns and noise of its own.",
    ]
