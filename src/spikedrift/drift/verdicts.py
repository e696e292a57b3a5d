"""What the ground truth found against a measure, in words for tables and footnotes.

The judgments of `spikedrift.assessment` are shipped as `resources/ground_truth.tsv`; whatever shows
a number asks here what to say of it.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pandas as pd

from spikedrift.atomic import write_text

PATH = Path(__file__).parents[3] / "resources" / "ground_truth.tsv"
ABSENT = "not in the ground truth"
UNJUDGED = "described in the ground truth, not judged: no test, and no value for no drift"
BIASED = "biased in the ground truth"


def write(table: pd.DataFrame, path: str | Path, made_with: Mapping[str, str]) -> None:
    """Write judgments as TSV, whole or not at all; what made them stands above, after `#`."""
    above = "".join(f"# {key}: {value}\n" for key, value in made_with.items())
    below = table.to_csv(sep="\t", index=False, na_rep="nan", float_format="%.4g")
    write_text(above + below, path)


def read(path: Path = PATH) -> pd.DataFrame:
    """Judgments as `write` left them, by default those that are shipped; empty without the file."""
    if not path.is_file():
        columns = ["measure", "statistic", "matched", "title", "knob", "amount", "p", "biased"]
        return pd.DataFrame(columns=columns)
    with path.open(encoding="utf-8") as file:
        above = sum(line.startswith("#") for line in file)
    return pd.read_csv(path, sep="\t", skiprows=above, keep_default_na=False, na_values=["nan"])


@cache
def _shipped() -> pd.DataFrame:
    return read()


def verdict(
    measure: str, statistic: str, matched: bool = False, judgments: pd.DataFrame | None = None
) -> str:
    """Say of one statistic what the ground truth says.

    Parameters
    ----------
    measure : str
        `rate_index`, `timing_index`, a similarity measure (statistics of its curves), an analysis.
    statistic : str
    matched : bool
        In trials matched by behavior state.
    judgments : DataFrame, optional
        Default: those that are shipped.
    """
    known = _shipped() if judgments is None else judgments
    here = known[
        (known["measure"] == measure)
        & (known["statistic"] == statistic)
        & (known["matched"].astype(bool) == matched)
    ]
    if here.empty:
        return ABSENT
    judged = here[here["p"].notna()]
    if judged.empty:
        return UNJUDGED
    marked = _marked(judged)
    if not marked:
        n = len(judged)
        return f"no bias found in the ground truth ({n} case{'s' * (n > 1)})"
    return f"{BIASED}: {marked}"


def _marked(judgments: pd.DataFrame) -> str:
    """Cases that are marked; of the points of a power curve the largest amount alone."""
    marked = judgments[judgments["biased"].astype(bool)]
    most = marked.groupby("knob")["amount"].transform("max")
    return "; ".join(marked.loc[(marked["knob"] == "") | (marked["amount"] == most), "title"])


def notes(measure: str, matched: bool = False, judgments: pd.DataFrame | None = None) -> list[str]:
    """Footnote of a figure that shows a measure: each set of cases once, with its statistics.

    Empty where nothing was found against it. `matched`: trials matched by state are shown too.
    """
    known = _shipped() if judgments is None else judgments
    here = known[known["measure"] == measure]
    if here.empty:
        return [f"{measure}: {ABSENT}."]
    found: dict[str, list[str]] = {}
    if not matched:
        here = here[~here["matched"].astype(bool)]
    for statistic, part in here.groupby("statistic", sort=False):
        if marked := _marked(part):
            found.setdefault(marked, []).append(str(statistic))
    words = [f"{', '.join(names)} ({cases})" for cases, names in found.items()]
    return [f"{measure} {BIASED}: {', '.join(words)}."] if words else []
