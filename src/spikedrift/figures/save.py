"""Write a figure: PDF, PNG and the plotted numbers as TSV, each whole or not at all."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from spikedrift.atomic import replacing, write_tsv
from spikedrift.figures import style

# No dates and no version: the same figure gives the same bytes.
_PDF = {"Creator": "spikedrift", "Producer": None, "CreationDate": None, "ModDate": None}
_PNG = {"Software": None}


def save(figure: Figure, table: pd.DataFrame, stem: str | Path, dpi: int = 150) -> None:
    """Write `{stem}.pdf`, `{stem}.png` and `{stem}.tsv`.

    Parameters
    ----------
    figure : Figure
    table : DataFrame
        The plotted numbers; one row a point, line vertex or cell.
    stem : path without suffix (dots in the name are kept)
    dpi : int
        Resolution of the PNG; dots per inch.
    """
    stem = Path(stem)

    def beside(suffix: str) -> Path:
        return stem.with_name(stem.name + suffix)

    with style.applied():
        with replacing(beside(".pdf")) as temporary:
            figure.savefig(temporary, format="pdf", metadata=_PDF)
        with replacing(beside(".png")) as temporary:
            figure.savefig(temporary, format="png", metadata=_PNG, dpi=dpi)
    write_tsv(table, beside(".tsv"))
