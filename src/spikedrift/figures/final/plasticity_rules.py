"""Plasticity rules in the induction protocols of their papers: simulated and published values.

Dots and lines are simulated, for one synapse or the mean over replicates (bars: standard error);
wide pale lines are theory. Open circles are values printed in a paper or computed by a program that
is not part of this project, with the tolerance that was set for them. Red crosses are such values
that the simulation missed; gray squares are unverified values, which are not targets. A rule that
meets its targets is implemented as published, which says nothing about whether it holds in a
cortex. The target `validate` runs all protocols of all rules.
"""

import math

import pandas as pd
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.core.errors import InputError
from spikedrift.figures import induction, style

_COLUMNS = 3
_HEIGHT = 2.15
_TITLE = 32  # characters
PANEL = ["rule", "induction", "set"]


def draw(
    *, table: pd.DataFrame, seed: int | None = None, options: Figures | None = None
) -> tuple[Figure, pd.DataFrame]:
    """Draw one panel for every rule, induction and parameter set.

    Parameters
    ----------
    table : DataFrame
        `results/validate/shown.tsv`: one row a condition, with `rule_title` and `citation`.
    seed : int, optional
        Of random spikes; named in the note.
    options : Figures, optional

    Returns
    -------
    figure : Figure
    table : DataFrame
        As given.

    Raises
    ------
    InputError
        For an empty table.
    """
    options = options or Figures()
    if table.empty:
        raise InputError(
            "figure plasticity_rules: nothing was run; name protocols in figures.rules"
        )
    table = induction.with_words(table)
    panels = list(table.groupby(PANEL, sort=False))
    columns = 2 if len(panels) == 4 else min(_COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    with style.applied():
        figure = style.figure(options.width, _HEIGHT * rows + 0.3)
        style.title(figure, "Plasticity rules against their papers")
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, text, (_, part) in zip(grid, "abcdefghijklmnopqrstuvwxyz", panels, strict=False):
            induction.panel(axes, part)
            first = part.iloc[0]
            below = ", ".join(filter(None, (first["title"], first["set"].replace("_", " "))))
            name = style.wrapped(str(first["rule_title"]), _TITLE)
            axes.set_title(f"{name}\n{style.wrapped(below, _TITLE)}", fontsize=7.5)
            style.letter(axes, text)
        for axes in grid[len(panels) :]:
            axes.set_axis_off()
        papers = "; ".join(dict.fromkeys(table["citation"]))
        style.footnote(
            figure,
            [
                *induction.notes(table),
                f"Rules: {papers}." + f" Seed {seed}." * (seed is not None),
            ],
        )
    return figure, table
