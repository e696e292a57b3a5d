"""Links of pages to what is no page: files and folders of the project, and addresses outside.

A file that is linked gets a page of its own with its text; a folder gets a page that lists its
files, which get pages too. An address outside is only looked at: there is no network here.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

FOLDER = "source"
"""Folder of the site that holds the pages of files."""
LARGEST = 200_000
"""Bytes of the largest file whose text is shown."""

logger = logging.getLogger(__name__)


class Links(SphinxTransform):
    """Lead links to files and folders to their pages, and look at addresses."""

    default_priority = 5  # before files are copied as downloads

    def apply(self, **_: Any) -> None:
        """Change the links of one page."""
        for node in list(self.document.findall(addnodes.download_reference)):
            self.lead(node, node["reftarget"])
        for node in list(self.document.findall(addnodes.pending_xref)):
            if node.get("refdomain") != "doc" and (self.here / node["reftarget"]).is_dir():
                self.lead(node, node["reftarget"])
        for node in self.document.findall(nodes.reference):
            if problem := faulty(node.get("refuri", "")):
                logger.warning("%s: %s", node["refuri"], problem, location=node)

    @property
    def here(self) -> Path:
        """Folder of the page."""
        return Path(self.env.doc2path(self.env.docname)).parent

    def lead(self, node: nodes.Element, target: str) -> None:
        """Replace a link by one to the page of its file or folder."""
        root = Path(self.env.srcdir)
        path = (root / target[1:]) if target.startswith("/") else (self.here / target)
        name = os.path.relpath(path.resolve(), root)
        wanted(self.env).setdefault(self.env.docname, set()).add(name)
        link = nodes.reference("", "", internal=True)
        link["source-file"] = name
        link += node.children
        node.replace_self(link)


def faulty(address: str) -> str | None:
    """Say what is wrong with an address outside, if anything."""
    if "://" not in address and not address.startswith("mailto:"):
        return None
    parts = urlsplit(address)
    if parts.scheme == "mailto":
        return None if "@" in parts.path else "is no address"
    if parts.scheme not in ("http", "https"):
        return f"a page of the site cannot follow {parts.scheme}://"
    whole = "." in parts.netloc and not any(sign.isspace() for sign in address)
    return None if whole else "is no address"


def wanted(env: Any) -> dict[str, set[str]]:
    """Files and folders that are linked, by page."""
    if not hasattr(env, "linked_sources"):
        env.linked_sources = {}
    found: dict[str, set[str]] = env.linked_sources
    return found


def address(app: Sphinx, page: str, name: str) -> str:
    """Address of the page of a file, from another page of the site."""
    return str(app.builder.get_relative_uri(page, f"{FOLDER}/{name}"))


def resolve(app: Sphinx, document: nodes.document, page: str) -> None:
    """Give links to files their addresses."""
    for node in document.findall(nodes.reference):
        if "source-file" in node:
            node["refuri"] = address(app, page, node["source-file"])


def forget(app: Sphinx, env: Any, page: str) -> None:
    """Forget what a page linked, which is read anew."""
    wanted(env).pop(page, None)


def listed(folder: Path) -> list[Path]:
    """Files and folders of a folder that belong to the project, folders first."""
    inside = [
        path
        for path in folder.iterdir()
        if not path.name.startswith((".", "__pycache__")) and path.suffix not in (".nbc", ".nbi")
    ]
    return sorted(inside, key=lambda path: (path.is_file(), path.name))


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Make the pages of what is linked, and of what lies in a folder that is linked."""
    root = Path(app.srcdir)
    todo = set().union(*wanted(app.env).values())
    done: set[str] = set()
    while todo - done:
        name = min(todo - done)
        done.add(name)
        path, page = root / name, f"{FOLDER}/{name}"
        if path.is_dir():
            inside = {str(found.relative_to(root)): found for found in listed(path)}
            todo |= inside.keys()
            body = "\n".join(
                f'<li><a href="{address(app, page, one)}"><code>{found.name}'
                f"{'/' * found.is_dir()}</code></a></li>"
                for one, found in inside.items()
            )
            yield page, {"title": name, "body": f"{title(name)}<ul>{body}</ul>"}, "page.html"
        else:
            yield page, {"title": name, "body": f"{title(name)}{text(path)}"}, "page.html"


def title(name: str) -> str:
    """Heading of the page of a file, which may be long."""
    return f'<h1 class="source-title">{name}</h1>'


def text(path: Path) -> str:
    """Text of a file as HTML, in the colors of its language."""
    if path.stat().st_size > LARGEST:
        return f"<p>A file of {path.stat().st_size / 1e6:.1f} MB in the project.</p>"
    try:
        written = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return "<p>A file of the project that holds no text.</p>"
    try:
        lexer = get_lexer_for_filename("x.py" if path.suffix == ".smk" else path.name)
    except ClassNotFound:
        lexer = TextLexer()
    return str(highlight(written, lexer, HtmlFormatter()))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_transform(Links)
    app.connect("env-purge-doc", forget)
    app.connect("doctree-resolved", resolve)
    app.connect("html-collect-pages", pages)
    return {"parallel_read_safe": False}
