"""The figures of a configuration, all of which one rule draws from the entries made here.

Each topic lists its own figures (`figures` of the comparisons, the surveys, ...). The module
imports nothing that takes long, since Snakemake reads it at every start.
"""

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from spikedrift.core import plugins, provenance
from spikedrift.plan.outputs import Output, output

PACKAGE = "spikedrift.figures"
# Snakemake sorts categories by name: numbers keep them in the order of the path.
_ORDER = ("Start here", "Data", "Rules", "Networks", "Drift", "Comparison", "Provenance")
CATEGORIES = {name: f"{number} {name}" for number, name in enumerate(_ORDER)}


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes
    ----------
    file : str
        Its name: path below the folder of figures, without suffix.
    module : str
        Module that draws it, named relative to `spikedrift.figures`: `final.network`.
    category : str
        Category in the report.
    labels : dict
        What it is in the report's words, `figure`, and of what, by kind.
    inputs : mapping of argument -> Output or list of Outputs
        Files that are passed to `draw`.
    arguments : dict
        Further arguments of `draw`, made of builtins.
    reads : tuple of str
        Keys of the block `figures` that it reads, besides width and resolution.
    caption : str
        Sentences that follow the docstring of the file in the caption.
    words : str
        Module whose docstring is in the caption instead, named relative to `spikedrift`.
    """

    file: str
    module: str
    category: str
    labels: dict[str, str]
    inputs: Mapping[str, Output | list[Output]]
    arguments: dict[str, Any] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    caption: str = ""
    words: str = ""

    @property
    def made(self) -> Output:
        """Its PDF."""
        return output("figure.pdf", figure=self.file)


def drawn(figures: Iterable[Figure]) -> list[Output]:
    """Files of some figures."""
    return [figure.made for figure in figures]


class Figures:
    """Files and params of the rule of figures, for each figure.

    Parameters
    ----------
    figures : iterable of Figure
    block : callable
        `block("figures", *keys)`: keys of a block of the configuration.
    """

    def __init__(self, figures: Iterable[Figure], block: Callable[..., Any]) -> None:
        self._by_file = {figure.file: figure for figure in figures}
        self._block = block

    @property
    def files(self) -> list[str]:
        """Names of all figures."""
        return list(self._by_file)

    def _of(self, wildcards: Any) -> Figure:
        return self._by_file[wildcards.figure]

    def inputs(self, wildcards: Any) -> Mapping[str, Output | list[Output]]:
        """Files from which a figure is drawn."""
        return self._of(wildcards).inputs

    def lists(self, wildcards: Any) -> list[str]:
        """Arguments that take lists of files."""
        return [key for key, value in self._of(wildcards).inputs.items() if isinstance(value, list)]

    def name(self, wildcards: Any) -> str:
        """Name of the file that draws a figure."""
        return self._of(wildcards).module.rpartition(".")[2]

    def arguments(self, wildcards: Any) -> dict[str, Any]:
        """Further arguments of a figure."""
        return self._of(wildcards).arguments

    def options(self, wildcards: Any) -> dict[str, Any]:
        """Options of figures that a figure reads."""
        found: dict[str, Any] = self._block("figures", "width", "dpi", *self._of(wildcards).reads)
        return found

    def category(self, wildcards: Any) -> str:
        """Category of the report."""
        return CATEGORIES[self._of(wildcards).category]

    def labels(self, wildcards: Any) -> dict[str, str]:
        """Label in the report: what it is, and in brackets of what.

        One, since of several Snakemake makes a switch of any that has two values for half of the
        results each; where no result has the other value, opening one leaves an empty page.
        """
        labels = dict(self._of(wildcards).labels)
        words = labels.pop("figure")
        return {"figure": f"{words} ({', '.join(labels.values())})" if labels else words}

    def caption(self, wildcards: Any) -> str:
        """Caption: the docstring of a file, which is not imported, and sentences on this run."""
        figure = self._of(wildcards)
        module = f"spikedrift.{figure.words}" if figure.words else f"{PACKAGE}.{figure.module}"
        words = ast.get_docstring(plugins.parsed(provenance.file_of(module))) or ""
        return f"{words}\n\n{figure.caption}".strip()

    def modules(self, wildcards: Any) -> list[str]:
        """Module that draws a figure."""
        return [f"{PACKAGE}.{self._of(wildcards).module}"]
