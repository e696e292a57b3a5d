"""Navigation from the first page: each section with a list of links is a part of it."""

import re
from pathlib import PurePosixPath
from posixpath import normpath
from typing import Any

from sphinx.application import Sphinx

SECTION = re.compile(r"^## (.+)\n((?:(?!^## ).*\n?)*)", flags=re.M)
ITEM = re.compile(r"^- \[([^\]]+)\]\(([^)#\s]+)\.md\)", flags=re.M)


def sections(text: str) -> dict[str, list[tuple[str, str]]]:
    """Title of each section with a list of pages -> their names and paths, without `.md`."""
    found = {title: ITEM.findall(body) for title, body in SECTION.findall(text)}
    return {title: pages for title, pages in found.items() if pages}


def add_trees(app: Sphinx, page: str, source: list[str]) -> None:
    """Put what Sphinx needs for its navigation below the text of the first page."""
    if page != app.config.root_doc:
        return
    folder = PurePosixPath(page).parent
    for title, pages in sections(source[0]).items():
        tree = "\n".join(f"{name} </{normpath(str(folder / path))}>" for name, path in pages)
        source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{tree}\n```\n"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("source-read", add_trees)
    return {"parallel_read_safe": True}
