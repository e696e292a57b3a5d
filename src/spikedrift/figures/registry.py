"""Find figures by listing files: a new figure is a new module in this package or below it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any

import pandas as pd
import xarray as xr

from spikedrift.config.figures import Figures
from spikedrift.core import results
from spikedrift.core.plugins import Plugins
from spikedrift.figures.save import save

_CODES = ("rate", "timing")

FIGURES = Plugins("figures", "draw", FunctionType, "figure", mixed=True)
names, get = FIGURES.names, FIGURES.get


def render(
    name: str,
    files: Mapping[str, str | Path | Sequence[str | Path]],
    stem: str | Path,
    options: Figures | None = None,
    **labels: Any,
) -> None:
    """Read the inputs of a figure, draw it, write PDF, PNG and TSV.

    Parameters
    ----------
    name : str
        Figure, one of `names()`.
    files : mapping of argument name -> path or list of paths
        netCDF4 files, or tables (.tsv); handed to `draw` under that name, a list as a list.
    stem : path without suffix
    options : Figures, optional
    **labels
        Further arguments of that figure's `draw`, e.g. `points`. Of `rule` tables must be.
    """
    options = options or Figures()
    of = {"rule": labels["rule"]} if "rule" in labels else {}
    data = {key: _read(key, value, of) for key, value in files.items()}
    figure, table = get(name)(**data, **labels, options=options)
    save(figure, table, stem, options.dpi)


def _read(
    key: str, paths: Any, of: Mapping[str, str]
) -> xr.Dataset | pd.DataFrame | list[xr.Dataset | pd.DataFrame]:
    """Read what is handed over as `key`; files of a code must be of that code."""
    said = {"code": key} if key in _CODES else {}
    if not isinstance(paths, str | Path):
        return [_load(path, said, of) for path in paths]
    return _load(paths, said, of)


def _load(
    path: str | Path, said: Mapping[str, str], of: Mapping[str, str]
) -> xr.Dataset | pd.DataFrame:
    if Path(path).suffix == ".tsv":
        return results.table(path, of)
    return results.read(path, **said)
