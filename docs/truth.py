"""Draw what the ground truth says of indices, for docs/ground-truth.md.

`.venv/bin/python docs/truth.py` writes ground-truth.svg and ground-truth-power.svg of docs/figures/
from the judgments that ship. A picture carries its numbers as text, by which a test sees whether it
is stale.
"""

import html
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikedrift.config.ground_truth import GroundTruth
from spikedrift.figures import style
from spikedrift.ground_truth import verdicts

FIGURES = Path(__file__).parent / "figures"
CASES, POWER = FIGURES / "ground-truth.svg", FIGURES / "ground-truth-power.svg"
CODES = ("rate", "timing")
KINDS = {  # name -> measure, statistic, whether the marker is filled
    "signal index": ("signal_drift", "{code}.index", True),
    "anchored index": ("{code}_index", "index", False),
}
KNOBS = {  # knob -> code that it moves, title
    "tuning_drift": ("rate", "tuning, depth kept"),
    "rate_drift": ("rate", "rates of (unit, segment)"),
    "event_time_drift": ("timing", "event times"),
}
SIZES = {"repeats", "units", "segment_duration"}
LEVEL = 0.05
FEW = 20  # tested recordings, of which no share is drawn


def shown() -> dict[str, str]:
    """Titles of cases, by name; those that differ from others in their size alone are left out."""
    return {
        case.name: case.title
        for case in GroundTruth().cases
        if case.measures is None or not case.set.keys() & SIZES
    }


def numbers(judgments: pd.DataFrame) -> pd.DataFrame:
    """Rows of the four indices that were tested, with the columns `code` and `kind`."""
    parts = []
    for code in CODES:
        for kind, (measure, statistic, _) in KINDS.items():
            at = (judgments["measure"] == measure.format(code=code)) & (
                judgments["statistic"] == statistic.format(code=code)
            )
            parts.append(judgments[at].assign(code=code, kind=kind))
    rows = pd.concat(parts, ignore_index=True)
    return rows[rows["tested"] >= FEW]


def written(rows: pd.DataFrame) -> str:
    """Numbers of a picture as it carries them, in the order of rows."""
    return "; ".join(
        f"{row.case} {row.code} {row.kind} {row.rejections:g} of {row.tested} "
        f"{row.mean:.4f} sd {row.sd:.4f}{' marked' if row.biased else ''}"
        for row in rows.itertuples()
    )


def carried(picture: Path) -> str:
    """Numbers that a picture says it shows."""
    text = picture.read_text(encoding="utf-8")
    found = re.search(r"<dc:description>(.*?)</dc:description>", text, re.S)
    return " ".join(html.unescape(found[1]).split()) if found else ""


def of_cases(found: pd.DataFrame) -> pd.DataFrame:
    """Rows of the first picture."""
    return found[found["case"].isin(shown())]


def of_power(found: pd.DataFrame) -> pd.DataFrame:
    """Rows of the second picture: of each knob, for the code that it moves."""
    code = found["knob"].map({knob: code for knob, (code, _) in KNOBS.items()})
    return found[found["code"] == code]


def draw_cases(rows: pd.DataFrame, path: Path = CASES) -> None:
    """Draw rejections and indices in every case, a row each."""
    titles = shown()
    place = {name: -k for k, name in enumerate(titles)}
    with style.applied():
        figure = style.figure(7.2, 6.6)
        panels = figure.subplots(1, 4, sharey=True)
        for column, code in enumerate(CODES):
            tests, index = panels[column], panels[2 + column]
            of_code = rows[rows["code"] == code]
            for name in sorted(set(of_code["case"][of_code["moves"]])):
                for axes in (tests, index):
                    axes.axhspan(place[name] - 0.5, place[name] + 0.5, color="0.92", lw=0)
            for kind, (_, _, filled) in KINDS.items():
                part = of_code[of_code["kind"] == kind]
                y = part["case"].map(place).to_numpy() + (0.15 if filled else -0.15)
                look = {
                    "color": style.CODE[code], "marker": style.CODE_MARKER[code], "ls": "", "ms": 4,
                    "mfc": style.CODE[code] if filled else "white",
                }  # fmt: skip
                share = part["rejections"] / part["tested"]
                tests.plot(share, y, label=kind, zorder=3, clip_on=False, **look)
                marked = part["biased"].to_numpy(bool)
                tests.plot(share[marked], y[marked], ls="", marker="x", ms=8, color="black")
                index.errorbar(part["mean"], y, xerr=part["sd"], elinewidth=0.7, **look)
            tests.axvline(LEVEL, color="0.5", lw=0.7, ls="--")
            tests.set_xscale("function", functions=(np.sqrt, np.square))
            tests.set(xlim=(0, 1.05), xticks=(0, LEVEL, 0.25, 0.5, 1), xlabel="share rejected")
            tests.set_xticklabels(("0", ".05", ".25", ".5", "1"))
            tests.set_title(f"{code} test")
            for value in (0, 1):
                index.axvline(value, color="0.5", lw=0.7, ls="--")
            index.set(xlim=(-0.35, 1.35), xticks=(0, 0.5, 1), xlabel="index, mean ± SD")
            index.set_title(f"{code} index")
        panels[0].set_yticks(list(place.values()), list(titles.values()))
        panels[0].set_ylim(-len(titles) + 0.4, 0.6)
        _legend(figure, panels[0])
        _save(figure, path, rows)


def draw_power(rows: pd.DataFrame, path: Path = POWER) -> None:
    """Draw rejections and indices against the share that is redrawn, a knob a column."""
    with style.applied():
        figure = style.figure(7.2, 3.6)
        panels = figure.subplots(2, len(KNOBS), sharex=True, sharey="row")
        for (above, below), (knob, (code, title)) in zip(panels.T, KNOBS.items(), strict=True):
            of_knob = rows[rows["knob"] == knob].sort_values("amount")
            for kind, (_, _, filled) in KINDS.items():
                part = of_knob[of_knob["kind"] == kind]
                look = {
                    "color": style.CODE[code], "marker": style.CODE_MARKER[code], "ms": 4,
                    "ls": "-" if filled else "--", "mfc": style.CODE[code] if filled else "white",
                }  # fmt: skip
                above.plot(part["amount"], part["rejections"] / part["tested"], label=kind, **look)
                below.errorbar(part["amount"], part["mean"], yerr=part["sd"], **look)
            below.plot([0, 1], [0, 1], color="0.6", lw=0.7, ls=":")
            above.set(ylim=(0, 1.05))
            above.set_title(f"{title}: {code}")
            below.set(xlabel="share redrawn", xticks=(0, 0.2, 0.4, 0.7, 1))
        panels[0, 0].set_ylabel("share rejected")
        panels[1, 0].set_ylabel("index, mean ± SD")
        _legend(figure, panels[0, 1])
        _save(figure, path, rows)


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=2)


def _save(figure: Figure, path: Path, rows: pd.DataFrame) -> None:
    mpl.rcParams["svg.hashsalt"] = "truth"  # same numbers, same bytes
    figure.savefig(path, metadata={"Date": None, "Description": written(rows)})


if __name__ == "__main__":
    judged = numbers(verdicts.read())
    draw_cases(of_cases(judged))
    draw_power(of_power(judged))
