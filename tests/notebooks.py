"""Notebooks of docs/notebooks in MyST's format: their cells, and what the page says they print."""

import contextlib
import io
import re
from pathlib import Path
from typing import NamedTuple

CELL = re.compile(
    r"^```\{code-cell\} ipython3\n(.*?)^```$(?:\n\n^```text\n(.*?)^```$)?", flags=re.M | re.S
)


class Cell(NamedTuple):
    """Code, and the text that stands below it in the page; empty where there is none."""

    code: str
    said: str


def cells_of(page: Path) -> list[Cell]:
    """Cells of a notebook in their order."""
    return [Cell(*found) for found in CELL.findall(page.read_text(encoding="utf-8"))]


def run(page: Path) -> list[str]:
    """Run all cells in one namespace, in the working directory; what each of them printed."""
    names: dict[str, object] = {"__name__": "__main__"}
    printed = []
    for number, cell in enumerate(cells_of(page)):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(cell.code, f"{page.name}, cell {number}", "exec"), names)
        printed.append(output.getvalue())
    return printed


def written(page: Path, printed: list[str]) -> str:
    """Text of the page with what its cells printed just now below them."""
    said = iter(printed)

    def one(found: re.Match[str]) -> str:
        now = next(said)
        below = f"\n\n```text\n{now}```" if now else ""
        return f"```{{code-cell}} ipython3\n{found[1]}```{below}"

    return CELL.sub(one, page.read_text(encoding="utf-8"))
