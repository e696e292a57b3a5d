"""Notebooks in MyST's format are pages: a cell is shown as the code that it is.

What a cell printed stands below it in the page itself, and a test holds it against the cell.
"""

from typing import Any

from sphinx.application import Sphinx
from sphinx.directives.code import CodeBlock


class Cell(CodeBlock):
    """A cell of a notebook, `{code-cell} ipython3`."""

    def run(self) -> list[Any]:
        """Show the code in Python's colors."""
        self.arguments = ["python"]
        return super().run()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("code-cell", Cell)
    return {"parallel_read_safe": True}
