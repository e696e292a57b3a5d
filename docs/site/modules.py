"""The reference of the library: `{api} spikedrift.trials` on a page is what that module offers.

Everything is read from the syntax trees of the files: nothing of the library is imported, so that
the site needs none of its dependencies. Docstrings are Markdown with the sections of numpydoc.
"""

import ast
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

LIBRARY = Path(__file__).parents[2] / "src"
SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", flags=re.M)
Definition = ast.FunctionDef | ast.ClassDef


class Module(SphinxDirective):
    """Describe the public functions, classes and documented constants of a module."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Parse what is said of the module as Markdown in the page's place."""
        path, name = file_of(self.arguments[0]), self.arguments[0]
        if not path.is_file():
            raise self.error(f"no module {name}")
        self.env.note_dependency(str(path))
        away = "../" * len(Path(self.env.docname).parent.parts)
        said = [
            f"*Source: [`{path.relative_to(LIBRARY.parent)}`]"
            f"({away}{path.relative_to(LIBRARY.parent)})*",
            prose(ast.get_docstring(tree_of(path)) or ""),
            *described(name),
        ]
        return self.parse_text_to_nodes("\n\n".join(said))


def file_of(module: str) -> Path:
    """File of a module of the library."""
    stem = LIBRARY / module.replace(".", "/")
    return stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")


@cache
def tree_of(path: Path) -> ast.Module:
    """Syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def described(module: str) -> Iterator[str]:
    """Describe each thing that a module offers, in its order."""
    tree = tree_of(file_of(module))
    named = exported(tree)
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and named and node.module:
            for alias in node.names:
                if alias.name in named and node.module.startswith("spikedrift."):
                    yield from found(node.module, alias.name, shown_as=module)
        elif isinstance(node, Definition) and offered(node.name, named):
            yield one(module, Full(module).visit(deepcopy(node)))
    yield from constants(module, tree, named)


def exported(tree: ast.Module) -> set[str] | None:
    """Names in `__all__`, if there is one."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return None


def offered(name: str, named: set[str] | None) -> bool:
    """Whether a module offers a name."""
    return not name.startswith("_") if named is None else name in named


def found(module: str, name: str, shown_as: str) -> Iterator[str]:
    """Describe what a module offers under its name and another one defines."""
    for node in tree_of(file_of(module)).body:
        if isinstance(node, Definition) and node.name == name:
            yield one(shown_as, Full(module).visit(deepcopy(node)))


class Full(ast.NodeTransformer):
    """Write names of classes with their modules, so that links know which is meant."""

    def __init__(self, module: str) -> None:
        self.modules: dict[str, str] = {}
        for node in tree_of(file_of(module)).body:
            if isinstance(node, ast.ClassDef):
                self.modules[node.name] = module
            elif isinstance(node, ast.ImportFrom) and node.module:
                of_us = node.module.startswith("spikedrift")
                names = node.names if of_us else []
                self.modules |= dict.fromkeys((alias.name for alias in names), node.module)

    def visit_Name(self, node: ast.Name) -> ast.Name:
        """Put the module before a name."""
        module = self.modules.get(node.id)
        return ast.Name(f"{module}.{node.id}") if module else node


def constants(module: str, tree: ast.Module, named: set[str] | None) -> Iterator[str]:
    """Describe constants that have a docstring, the line after them."""
    for node, after in zip(tree.body, tree.body[1:], strict=False):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(after, ast.Expr):
            continue
        name = ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
        if isinstance(after.value, ast.Constant) and offered(name, named):
            yield block("data", f"{module}.{name}", prose(str(after.value.value)))


def one(module: str, node: Definition, kind: str = "function") -> str:
    """Describe a function, or a class with its methods."""
    body = prose(ast.get_docstring(node) or "")
    if isinstance(node, ast.FunctionDef):
        returned = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        return block(kind, f"{module}.{node.name}({ast.unparse(node.args)}){returned}", body)
    methods = [
        one(f"{module}.{node.name}", inner, "method")
        for inner in node.body
        if isinstance(inner, ast.FunctionDef)
        and not inner.name.startswith("_")
        and ast.get_docstring(inner)
    ]
    return block("class", f"{module}.{node.name}", "\n\n".join([body, *methods]))


def block(kind: str, signature: str, body: str) -> str:
    """Write a directive of Sphinx's Python domain in MyST, with longer fences than those inside."""
    fence = "`" * (2 + max(map(len, re.findall(r"^`{3,}", body, flags=re.M)), default=2))
    return f"{fence}{{py:{kind}}} {signature}\n\n{body}\n{fence}"


def prose(docstring: str) -> str:
    """Write the sections of numpydoc as Markdown."""
    first, *rest = SECTION.split(docstring)
    parts = [first.strip()]
    for title, body in zip(rest[::2], rest[1::2], strict=True):
        plain = title in ("Notes", "References", "Examples")
        parts += [f"**{title}**", body.strip() if plain else "\n".join(items(body))]
    return "\n\n".join(parts)


def items(body: str) -> Iterator[str]:
    """List entries of a section: `name : kind`, and below it, indented, what it is."""
    for entry in re.split(r"\n(?=\S)", body.strip("\n")):
        head, _, said = entry.partition("\n")
        name, colon, kind = head.partition(" : ")
        text = " ".join(said.split())
        yield f"- `{name}`" + (f": {kind}" if colon else "") + (f". {text}" if text else "")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("api", Module)
    return {"parallel_read_safe": True}
