"""Style of all figures: sizes, fonts, fixed colors, footnotes.

Codes and variants have colors of the Okabe-Ito set (Okabe & Ito 2008, jfly.uni-koeln.de/color),
areas of Paul Tol's muted set (personal.sron.nl/~pault), so that no area looks like a code. Both
sets can be told apart with the common forms of color blindness. Maps are viridis, bright where
activity is more similar.
"""

import itertools
import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import (
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
    StrMethodFormatter,
)

from spikedrift.ground_truth import verdicts
from spikedrift.spikes import caveats
from spikedrift.trials import NO_TIMING

BLACK, GRAY = "#000000", "#8c8c8c"
OKABE_ITO = (
    "#0072B2",  # blue
    "#D55E00",  # vermilion
    "#009E73",  # green
    "#CC79A7",  # purple
    "#E69F00",  # orange
    "#56B4E9",  # sky
    "#F0E442",  # yellow
)
CODE = {"rate": OKABE_ITO[0], "timing": OKABE_ITO[1]}
CODE_MARKER = {"rate": "o", "timing": "^"}
_KNOWN_AREA = ("VISp", "VISl", "VISrl", "VISal", "VISpm", "VISam")
MUTED = (
    "#332288",  # indigo
    "#44AA99",  # teal
    "#DDCC77",  # sand
    "#882255",  # wine
    "#88CCEE",  # cyan
    "#117733",  # green
    "#CC6677",  # rose
)
AREA = dict(zip(_KNOWN_AREA, MUTED, strict=False)) | {"all": BLACK, "E": MUTED[3], "I": MUTED[1]}
VARIANT = (*OKABE_ITO[2:], MUTED[0], MUTED[3])  # without those of the codes

RC: dict[Any, Any] = {
    "axes.grid": False,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 8.5,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "pdf.fonttype": 42,
    "savefig.facecolor": "white",
    "svg.fonttype": "none",
    "xtick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.labelsize": 7,
    "ytick.major.width": 0.6,
}
TALLEST = 7.6  # largest height of the panels of a final figure, inches: fits a screen with its note
# Ratio of the ends of a logarithmic axis: ticks in a decade from there on. Below the last, ticks
# are those of a linear axis.
_SUBS = {100.0: (1.0,), 10.0: (1.0, 3.0), 2.5: (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)}
_MOST_TICKS = 9
_NOTE_SIZE = 6.5
_NOTE_LINE = _NOTE_SIZE * 1.35 / 72
_NOTE_CHARACTERS_PER_INCH = 20
_PALEST = 0.7  # share of white of the last of several points of a variant
_CHARACTERS_PER_INCH = 14  # of text in a panel


def applied() -> AbstractContextManager[None]:
    """Context in which figures have this style, whatever the user's matplotlibrc says."""
    defaults: dict[Any, Any] = dict(mpl.rcParamsDefault)
    del defaults["backend"]
    return mpl.rc_context({**defaults, **RC})


def figure(width: float, height: float) -> Figure:
    """Make an empty figure of a size in inches, without pyplot's global state."""
    return Figure(figsize=(width, height), layout="constrained")


def rows(place: Figure | SubFigure, heights: Sequence[float]) -> list[SubFigure]:
    """Divide a figure into rows of relative heights, each laid out by itself."""
    made = place.subfigures(len(heights), 1, squeeze=False, height_ratios=list(heights))
    return list(np.ravel(made))


def fitted(heights: Sequence[float]) -> list[float]:
    """Heights of the rows of a final figure, made smaller where their sum is above `TALLEST`."""
    return [height * min(1.0, TALLEST / sum(heights)) for height in heights]


def area_colors(areas: Iterable[str]) -> dict[str, str]:
    """Colors of areas and cell groups: known ones have theirs, others free ones in sorted order."""
    names = sorted(set(areas))
    taken = {AREA[name] for name in names if name in AREA}
    free = itertools.cycle([color for color in MUTED if color not in taken] or MUTED)
    return {name: AREA[name] if name in AREA else next(free) for name in names}


def variant_colors(variants: Iterable[str], control: str | None) -> dict[str, str]:
    """Colors of variants in the order given; the control is gray, of several sweeps one a line."""
    controls = (control or "").splitlines()
    colors: dict[str, str] = {}
    for name in variants:
        if name in controls:
            colors[name] = GRAY
        elif name not in colors:
            used = sum(other not in controls for other in colors)
            colors[name] = VARIANT[used % len(VARIANT)]
    return colors


def point_colors(
    points: Iterable[str], variants: Mapping[str, str] | None, control: str | None
) -> dict[str, str]:
    """Colors of points: shades of their variant's, the first one full.

    Parameters
    ----------
    points : iterable of str
    variants : mapping of point -> variant, optional
        Left out: every point is a variant.
    control : str, optional
        Variant that is gray; of several sweeps one a line.
    """
    order = list(dict.fromkeys(points))
    variant = {point: (variants or {}).get(point, point) for point in order}
    full = variant_colors(variant.values(), control)
    members = {one: [p for p in order if variant[p] == one] for one in full}
    colors = {}
    for point in order:
        group = members[variant[point]]
        paler = _PALEST * group.index(point) / max(len(group) - 1, 1)
        red, green, blue = ((1 - paler) * part + paler for part in to_rgb(full[variant[point]]))
        colors[point] = to_hex((red, green, blue)) if paler else full[variant[point]]
    return colors


def no_timing(axes: Axes) -> None:
    """Write in place of a timing panel that the recording has no spike timing."""
    said(axes, NO_TIMING.replace(": ", ":\n"), CODE["timing"])


def said(axes: Axes, text: str, color: str = "0.2") -> pd.DataFrame:
    """Write in place of a panel why it is missing; returns an empty table."""
    axes.set_axis_off()
    width = int(axes.get_window_extent().width / axes.figure.get_dpi() * _CHARACTERS_PER_INCH)
    lines = [wrapped(line, max(width, 20)) for line in text.split("\n")]
    axes.text(0.5, 0.5, "\n".join(lines), color=color, ha="center", va="center", fontsize=7.5,
              transform=axes.transAxes)  # fmt: skip
    return pd.DataFrame()


def color_map(kind: str) -> str:
    """Color map of a measure; bright is similar for distances and similarities alike."""
    return "viridis_r" if kind == "distance" else "viridis"


def wrapped(text: str, width: int) -> str:
    """Break text into lines of at most `width` characters; a unit stays with the word before it."""
    kept = text.replace(" (", "\xa0(")
    return "\n".join(textwrap.wrap(kept, width, break_long_words=False)).replace("\xa0", " ")


def title(figure: Figure, text: str, illustration: str = "") -> None:
    """Draw the title of a final figure; one that shows no result is labeled an illustration.

    Parameters
    ----------
    figure : Figure
    text : str
    illustration : str
        Why it is one, such as "three instances a point"; empty for results.
    """
    figure.suptitle(text, x=0.01, ha="left", fontsize=9.5, fontweight="bold")
    if illustration:
        height = figure.get_size_inches()[1]
        figure.text(0.99, 1 - 0.05 / height, f"Illustration: {illustration}", ha="right", va="top",
                    fontsize=8.5, color=OKABE_ITO[1], style="italic")  # fmt: skip


def log_ticks(axis: Axis) -> None:
    """Set ticks of a logarithmic axis at 1 and 3 of each decade, written in full."""
    axis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def value_ticks(axis: Axis, scale: str) -> None:
    """Set scale and ticks of an axis of parameter values: a few, written in full."""
    owner = axis.axes
    getattr(owner, f"set_{axis.axis_name}scale")(scale)  # type: ignore[attr-defined]
    low, high = axis.get_view_interval()
    subs = next(
        (subs for least, subs in _SUBS.items() if scale == "log" and high >= least * low), ()
    )
    if subs:
        axis.set_major_locator(LogLocator(subs=subs, numticks=_MOST_TICKS))
    else:
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_locator(NullLocator())


def whole_ticks(axis: Axis) -> None:
    """Set ticks of an axis of counts, such as lags, at whole numbers."""
    axis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))


def at_least(counts: Iterable[int]) -> str:
    """The number where all counts are equal, otherwise a text such as `2 or more`."""
    known = set(map(int, counts))
    return f"{min(known)}" + " or more" * (len(known) > 1)


def counted(n: int, word: str) -> str:
    """Number with a word in singular or plural: 1 point, 2 points."""
    return f"{n} {word}" + "s" * (n != 1)


def letter(axes: Axes, text: str) -> None:
    """Write a panel letter outside the upper left corner."""
    axes.annotate(
        text,
        (0, 1),
        xytext=(-26, 6),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=10,
        fontweight="bold",
        va="bottom",
    )


def notes_of(attributes: Mapping[str, Any], judged: bool = True) -> list[str]:
    """List what a reader must know about the data of a figure.

    Notes on the recording are assumptions, order, pooled units, events and trials that were cut.
    Notes on the analysis or measure that the attributes name are findings of the ground truth
    against it, unless `judged` is false, for figures that say it once for several measures.
    """
    name = attributes.get("recording", "recording")
    notes = []
    assumptions = str(attributes.get("assumptions", "")).strip()
    if assumptions:
        notes.append(f"{name}: {assumptions}")
    elif not caveats.order_known(attributes):
        notes.append(f"{name}: the order of trials is not known")
    if caveats.pooled(attributes):
        notes.append(f"{name}: pseudo-population (units pooled over sessions or animals)")
    if not int(attributes.get("spike_timing", 1)):
        notes.append(f"{name}: {NO_TIMING}")
    lasts, longest = (
        float(attributes.get(key, 0)) for key in ("trial_duration", "longest_duration")
    )
    if longest > 1.001 * lasts:
        notes.append(f"{name}: trials of up to {longest:.4g} s are cut to {lasts:.4g} s")
    measure = attributes.get("analysis") or attributes.get("measure")
    return notes + (verdicts.notes(str(measure)) if measure and judged else [])


def segment_names(attributes: Mapping[str, Any], n: int) -> list[str]:
    """Names of the segments of an analysis; numbers where it used only some of them."""
    names = [str(name) for name in json.loads(str(attributes.get("segment_names", "[]")))]
    return names if len(names) == n else [str(number) for number in range(n)]


def footnote(figure: Figure, notes: Iterable[str]) -> None:
    """Draw notes under the panels, so that they are part of the picture.

    Empty notes are left out, and repeated ones are drawn once. The layout reserves their space.
    """
    width, height = figure.get_size_inches()
    lines: list[str] = []
    for note in dict.fromkeys(filter(None, notes)):
        lines += textwrap.wrap(note, int(width * _NOTE_CHARACTERS_PER_INCH))
    if not lines:
        return
    room = len(lines) * _NOTE_LINE + 0.06
    figure.set_size_inches(width, height + room)
    share = room / (height + room)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0, share, 1, 1 - share))  # type: ignore[call-arg]
    figure.text(
        0.06 / width,
        0.03 / (height + room),
        "\n".join(lines),
        fontsize=_NOTE_SIZE,
        color="0.25",
        va="bottom",
        linespacing=1.3,
    )
