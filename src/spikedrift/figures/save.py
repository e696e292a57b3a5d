"""Write a figure: PDF, PNG and the plotted numbers as TSV, each whole or not at all."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure, SubFigure
from matplotlib.transforms import Bbox

from spikedrift.core.atomic import write_tsv, writing
from spikedrift.figures import style

# Without dates and versions, the same figure gives the same bytes.
_PDF = {"Creator": "spikedrift", "Producer": None, "CreationDate": None, "ModDate": None}
_PNG = {"Software": None}
_DIGITS = 6  # digits of a position, as a share of the figure


def save(figure: Figure, table: pd.DataFrame, stem: str | Path, dpi: int = 150) -> None:
    """Write `{stem}.pdf`, `{stem}.png` and `{stem}.tsv`.

    Parameters
    ----------
    figure : Figure
    table : DataFrame
        The plotted numbers, with one row for each point, line vertex or cell.
    stem : path without suffix (dots in the name are kept)
    dpi : int
        Resolution of the PNG; dots per inch.
    """
    stem = Path(stem)

    def beside(suffix: str) -> Path:
        return stem.with_name(stem.name + suffix)

    with style.applied():
        _settle(figure, dpi)
        with writing(beside(".pdf")) as file:
            figure.savefig(file, format="pdf", metadata=_PDF)
        with writing(beside(".png")) as file:
            figure.savefig(file, format="png", metadata=_PNG, dpi=dpi)
    write_tsv(table, beside(".tsv"))


def _settle(figure: Figure, dpi: int) -> None:
    """Lay out once and keep the layout: positions from a solver differ in their last digits."""
    figure.set_dpi(dpi)  # text needs slightly more space at some resolutions
    figure.draw_without_rendering()
    figure.set_layout_engine(None)  # with another one, each file would be drawn twice
    for axes in figure.axes:
        axes.set_position(_rounded(axes.get_position(original=True)))
    parts: list[Figure | SubFigure] = [figure]
    while parts:
        part = parts.pop()
        parts += part.subfigs
        if isinstance(part, SubFigure):
            place = _rounded(part.bbox_relative)
            part.bbox_relative.p0, part.bbox_relative.p1 = place.p0, place.p1
        for text in part.texts:
            x, y = text.get_position()
            text.set_position((round(x, _DIGITS), round(y, _DIGITS)))


def _rounded(box: Bbox) -> Bbox:
    return Bbox(np.round(box.get_points(), _DIGITS))
