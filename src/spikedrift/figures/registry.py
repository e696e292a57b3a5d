"""Find figures by listing files: a new figure is one new module in this package or beneath."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from spikedrift.config.figures import Figures
from spikedrift.core import plugins, results
from spikedrift.core.errors import InputError, unknown
from spikedrift.figures import PACKAGES
from spikedrift.figures.save import save

_CODES = ("rate", "timing")
_SUPPORT = {"registry", "save", "style"}

Draw = Callable[..., tuple[Figure, pd.DataFrame]]


def names() -> list[str]:
    """Names of all figures, sorted; imports none of them."""
    stems = {stem for package in PACKAGES for stem in plugins.names(package)}
    return sorted(stems - _SUPPORT)


def get(name: str) -> Draw:
    """Import the `draw` function of a figure.

    Raises
    ------
    InputError
        Where there is no such figure, naming the nearest one, or its file has no `draw`.
    """
    if name not in names():
        raise unknown("unknown figure", name, names())
    package = next(each for each in PACKAGES if name in plugins.names(each))
    draw: Draw | None = getattr(plugins.imported(package, name), "draw", None)
    if draw is None:
        raise InputError(f"figure {name}: its file must define a function `draw`")
    return draw


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
        Further arguments of that figure's `draw`, e.g. `conditions`.
    """
    options = options or Figures()
    data = {key: _read(key, value) for key, value in files.items()}
    figure, table = get(name)(**data, **labels, options=options)
    save(figure, table, stem, options.dpi)


def _read(key: str, paths: Any) -> xr.Dataset | pd.DataFrame | list[xr.Dataset | pd.DataFrame]:
    """Read what is handed over as `key`; files of a code must be of that code."""
    said = {"code": key} if key in _CODES else {}
    if not isinstance(paths, str | Path):
        return [_load(path, said) for path in paths]
    return _load(paths, said)


def _load(path: str | Path, said: Mapping[str, str]) -> xr.Dataset | pd.DataFrame:
    if Path(path).suffix == ".tsv":
        return results.table(path)
    return results.read(path, **said)
