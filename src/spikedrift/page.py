"""Pages of the report: tables for reading, whose numbers stand in a TSV beside them, and words."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import pandas as pd

from spikedrift.atomic import replacing

STYLE = """
body { font: 13px/1.35 system-ui, sans-serif; margin: 1.5rem; color: #222; }
h1 { font-size: 1.4rem; }
h2 { font-size: 1.1rem; margin-top: 1.6rem; }
table { border-collapse: collapse; width: max-content; }
th, td { padding: .25rem .5rem; text-align: left; vertical-align: top; max-width: 24rem; }
th { border-bottom: 2px solid #888; }
td { border-bottom: 1px solid #ddd; }
"""


def write_page(table: pd.DataFrame, path: str | Path, title: str) -> None:
    """Write `table` as an HTML page, whole or not at all; numbers to three digits, gaps empty."""
    write_tables({"": table}, path, title)


def write_tables(tables: Mapping[str, pd.DataFrame], path: str | Path, title: str) -> None:
    """Write tables as one page, each under its heading, as `write_page` does one."""
    body = "\n".join(
        f"<h2>{escape(heading)}</h2>\n" * bool(heading)
        + table.to_html(index=False, border=0, na_rep="", float_format="{:.3g}".format)
        for heading, table in tables.items()
    )
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


ARTICLE = """
.findings { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 52rem; }
.findings h1 { font-size: 1.5rem; font-weight: 700; margin: 0 0 .5rem; }
.findings h2 { font-size: 1.15rem; font-weight: 700; margin: 1.2rem 0 .3rem; }
.findings .answer { font-size: 1.1rem; }
.findings ul { font-size: .85rem; line-height: 1.4; list-style: disc; padding-left: 1.2rem; }
.findings img { width: 100%; margin-top: 1rem; }
"""


def write_article(
    parts: Sequence[tuple[str, str, Sequence[str]]],
    path: str | Path,
    title: str,
    picture: str | Path | None = None,
) -> None:
    """Write headings, answers and details as a page, whole or not at all.

    The page is one element with a style of its own, so that it can also be part of another page.

    Parameters
    ----------
    parts : sequence of (heading, answer, details)
    path : path
    title : str
    picture : path, optional
        PNG that stands after the first part; it becomes part of the page.
    """
    drawn = ""
    if picture is not None:
        data = base64.b64encode(Path(picture).read_bytes()).decode()
        drawn = f'<img src="data:image/png;base64,{data}" alt="{escape(Path(picture).stem)}">'
    blocks = [
        f"<h2>{escape(heading)}</h2>\n"
        f'<p class="answer"><strong>{escape(answer)}</strong></p>\n'
        + "<ul>" * bool(details)
        + "".join(f"<li>{escape(detail)}</li>\n" for detail in details)
        + "</ul>" * bool(details)
        for heading, answer, details in parts
    ]
    blocks.insert(1, drawn)
    page = (
        f'<!doctype html>\n<meta charset="utf-8"><title>{escape(title)}</title>'
        f'<style>{ARTICLE}</style>\n<article class="findings"><h1>{escape(title)}</h1>\n'
        + "\n".join(filter(None, blocks))
        + "\n</article>\n"
    )
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def write_markdown(
    parts: Sequence[tuple[str, str, Sequence[str]]], path: str | Path, title: str
) -> None:
    """Write headings, answers and details as Markdown, whole or not at all."""
    blocks = [f"# {title}"]
    for heading, answer, details in parts:
        blocks += [f"## {heading}", f"**{answer}**", "\n".join(f"- {one}" for one in details)]
    with replacing(path) as temporary:
        temporary.write_text("\n\n".join(filter(None, blocks)) + "\n", encoding="utf-8")
