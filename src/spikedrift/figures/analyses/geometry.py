"""Geometry of drift: length, directions, overlap of variational spaces, boundaries, two models."""

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.figures import style

COLOR = {
    "observed": style.BLACK,
    "between": style.BLACK,
    "within": style.GRAY,
    "dropout": style.OKABE_ITO[0],
    "gaussian": style.OKABE_ITO[1],
    "random": style.OKABE_ITO[2],
    "random signs": style.OKABE_ITO[3],
}
MARKER = {"observed": "o", "dropout": "s", "gaussian": "^"}
UNDEFINED = "no drift beyond\nsampling noise:\nno direction"


def draw(result: xr.Dataset, options: Figures, **_: Any) -> tuple[Figure, pd.DataFrame]:
    """Draw the length of drift, its directions, and its effects on spaces and boundaries.

    Parameters
    ----------
    result : Dataset
        Of the analysis `geometry`.
    options : Figures

    Returns
    -------
    figure, table
        The table has one row for each source and principal component.
    """
    value = {str(s): float(v) for s, v in zip(result["statistic"].values, result["value"].values,
                                              strict=True)}  # fmt: skip
    with style.applied():
        figure = style.figure(options.width, options.width * 0.62)
        panels = figure.subplots(2, 3)
        _length(panels[0, 0], result)
        _components(panels[0, 1], result, "drift_share")
        _components(panels[0, 2], result, "angle")
        if int(result.attrs["drifts"]):
            panels[0, 1].legend(loc="best")
        _dots(
            panels[1, 0],
            {
                "observed": value["inside"],
                "random": _random_inside(result),
                "random signs": value["inside.random_signs"],
                "dropout": value["dropout.inside"],
                "gaussian": value["gaussian.inside"],
            },
            "share of squared drift in\nearlier variational space",
        )
        places = ("within", "between", "dropout", "gaussian", "random")
        _dots(
            panels[1, 1],
            {place: value[f"overlap.{place}"] for place in places},
            "overlap Γ of\nvariational spaces",
        )
        panels[1, 1].set_ylim(0, 1)
        _boundaries(panels[1, 2], result, value)
        for text, panel in zip("abcdef", panels.flat, strict=True):
            style.letter(panel, text)
        style.footnote(figure, _notes(result, value))
    table = (
        result[["drift_share", "angle", "variance_share"]]
        .to_dataframe()
        .reset_index()
        .assign(component=lambda rows: rows["component"] + 1)
    )
    return figure, table


def _statistic(result: xr.Dataset, name: str, column: str = "value") -> float:
    return float(result[column].sel(statistic=name))


def _random_inside(result: xr.Dataset) -> float:
    return _statistic(result, "inside", "null_mean")


def _length(axes: Axes, result: xr.Dataset) -> None:
    """Relative length and angle, without noise and as published, over their nulls."""
    twin = axes.twinx()
    twin.spines["right"].set_visible(True)
    for offset, name, panel, color in (
        (0, "relative_drift", axes, style.BLACK),
        (2.6, "angle", twin, style.OKABE_ITO[5]),
    ):
        for x, suffix in enumerate(("", ".plug_in")):
            low, high = (
                _statistic(result, name + suffix, f"null_{end}") for end in ("low", "high")
            )
            at = offset + x
            if np.isfinite(low):
                panel.bar(at, max(high - low, 0), 0.5, bottom=low, color="0.85")
            panel.plot(at, _statistic(result, name + suffix), "o", color=color, ms=5)
        panel.set_ylim(0, 1.1 * panel.get_ylim()[1])
    axes.set_ylabel("|drift| / |earlier mean|")
    twin.set_ylabel("angle of means (°)", color="0.25")
    axes.set_xticks([0, 1, 2.6, 3.6], ["noise\nremoved", "plug-\nin"] * 2)
    axes.set_xlim(-0.6, 4.2)
    axes.set_title("length (left), angle (right)")


def _components(axes: Axes, result: xr.Dataset, name: str) -> None:
    """Drift along the components of the earlier block against their variance."""
    variance = 100 * result["variance_share"].values
    shown = result[name].values * (100 if name == "drift_share" else 1)
    axes.set_xlabel("component variance (%)")
    if not np.isfinite(shown).any():
        axes.text(0.5, 0.5, UNDEFINED, ha="center", va="center", transform=axes.transAxes)
        axes.set(xticks=[], yticks=[])
        return
    for source, values in zip(result["source"].values, shown, strict=True):
        axes.plot(variance, values, MARKER[source], color=COLOR[source], mfc="none", label=source)
    if name == "angle":
        axes.axhline(90, color="0.7", lw=0.6)
        axes.set(ylabel="angle to component (°)", ylim=(min(45, shown.min() - 3), 93))
    else:
        top = max(variance.max(), shown.max()) * 1.05
        axes.plot([0, top], [0, top], color="0.7", lw=0.6, zorder=0)
        axes.axhline(0, color="0.7", lw=0.6, zorder=0)
        axes.set(ylabel="squared drift (%)")
    axes.set_xlim(min(0, variance.min()), 1.15 * variance.max())


def _dots(axes: Axes, values: dict[str, float], label: str) -> None:
    """One dot for each place or source; those without a value are left out if others have one."""
    known = {name: value for name, value in values.items() if np.isfinite(value)}
    values = known or values
    for x, (name, value) in enumerate(values.items()):
        axes.plot(x, value, "o", color=COLOR[name], ms=5)
    axes.set_xticks(range(len(values)), list(values), rotation=35,
                    ha="right", rotation_mode="anchor")  # fmt: skip
    axes.set(ylabel=label, xlim=(-0.5, len(values) - 0.5), ylim=(0, 1.1 * axes.get_ylim()[1]))
    if not np.isfinite(list(values.values())).any():
        axes.set_ylim(0, 1)
        axes.text(0.5, 0.5, UNDEFINED, ha="center", va="center", transform=axes.transAxes)


def _boundaries(axes: Axes, result: xr.Dataset, value: dict[str, float]) -> None:
    """Accuracy of a boundary against the angle to the one of the other set of trials."""
    for place in ("within", "between", "dropout", "gaussian"):
        axes.plot(value[f"boundary_angle.{place}"], 100 * value[f"accuracy.{place}"], "o",
                  color=COLOR[place], label=place, ms=5)  # fmt: skip
    low, high = (100 * _statistic(result, "accuracy.between", f"null_{end}") for end in
                 ("low", "high"))  # fmt: skip
    if np.isfinite(low):
        angle = value["boundary_angle.between"]
        axes.plot([angle, angle], [low, high], color=COLOR["random"], lw=4, alpha=0.6,
                  solid_capstyle="butt", label="turned at random", zorder=0)  # fmt: skip
    axes.axhline(50, color="0.7", lw=0.6, ls=":")
    axes.set(xlabel="angle of boundaries (°)", ylabel="cross-accuracy (%)",
             xlim=(0, 95), ylim=(45, 102))  # fmt: skip
    axes.legend(loc="lower left")


def _notes(result: xr.Dataset, value: dict[str, float]) -> list[str]:
    test = str(result.attrs["test_note"])
    if not test:
        test = (
            f"exchange test of drift p = {_statistic(result, 'relative_drift', 'p_value'):.3g} "
            "(gray: 95 % of the null); cross-classification against boundaries turned at random "
            f"p = {_statistic(result, 'accuracy.between', 'p_value'):.3g}"
        )
    models = "models not simulated: no drift beyond sampling noise"
    if int(result.attrs["drifts"]):
        models = (
            f"models matched in length: dropout p = {value['dropout.size']:.3g}, Gaussian s.d. "
            f"{value['gaussian.size']:.3g} (roots of counts)"
        )
    n, steps, half = (
        int(count)
        for count in (
            _statistic(result, "relative_drift", "n"),
            result.attrs["steps"],
            result.attrs["trials_in_half"],
        )
    )
    return [
        f"{test}; n = {n} segments in {steps} step(s) from block to block, halves of {half} trials "
        f"or more; {models}; dimension {value['dimension']:.3g} (plug-in "
        f"{value['dimension.plug_in']:.3g})",
        *style.notes_of(result.attrs),
    ]
