"""Pages of the report: articles, and tables for reading, whose numbers are in a TSV beside them."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from spikedrift.core.atomic import write_text

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
    """Write `table` as an HTML page, whole or not at all; three digits, missing numbers empty."""
    write_tables({"": table}, path, title)


def write_tables(tables: Mapping[str, pd.DataFrame], path: str | Path, title: str) -> None:
    """Write tables as one page, each under its heading, in the format of `write_page`."""
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
    write_text(page, path)


ARTICLE = """
.findings { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 52rem; }
.findings h1 { font-size: 1.5rem; font-weight: 700; margin: 0 0 .5rem; }
.findings h2 { font-size: 1.15rem; font-weight: 700; margin: 1.2rem 0 .3rem; }
.findings .answer, .findings .against { font-size: 1.1rem; font-weight: 600; margin: .3rem 0; }
.findings ul { list-style: disc; padding-left: 1.2rem; margin: .5rem 0; }
.findings li { margin: .2rem 0; }
.findings .basis { font-size: .8rem; line-height: 1.4; color: #555; }
.findings img { width: 100%; margin: .5rem 0; }
"""
AGAINST = "What speaks against it:"


class Part(NamedTuple):
    """Part of an article, in sentences.

    Heading, answer, what speaks against the answer, points that belong to it, and its basis.
    """

    heading: str
    answer: str
    against: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    basis: tuple[str, ...] = ()


def write_article(
    parts: Sequence[Part], path: str | Path, title: str, picture: str | Path | None = None
) -> None:
    """Write an article as a page, whole or not at all.

    The page is one element with a style of its own, so that it can also be part of another page.

    Parameters
    ----------
    parts : sequence of Part
    path : path
    title : str
    picture : path, optional
        PNG of the first part, which is embedded in the page.
    """
    drawn = ""
    if picture is not None:
        data = base64.b64encode(Path(picture).read_bytes()).decode()
        drawn = f'<img src="data:image/png;base64,{data}" alt="{escape(Path(picture).stem)}">\n'
    blocks = [
        f'<h2>{escape(heading)}</h2>\n<p class="answer">{escape(answer)}</p>\n'
        + f'<div class="against">{AGAINST}\n{_listed(against)}</div>\n' * bool(against)
        + _listed(points)
        + drawn * (number == 0)
        + f'<div class="basis">{_listed(basis)}</div>\n' * bool(basis)
        for number, (heading, answer, against, points, basis) in enumerate(parts)
    ]
    page = (
        f'<!doctype html>\n<meta charset="utf-8"><title>{escape(title)}</title>'
        f'<style>{ARTICLE}</style>\n<article class="findings"><h1>{escape(title)}</h1>\n'
        + "".join(blocks)
        + "</article>\n"
    )
    write_text(page, path)


def _listed(sentences: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(one)}</li>\n" for one in sentences)
    return f"<ul>{items}</ul>\n" * bool(sentences)


def write_markdown(parts: Sequence[Part], path: str | Path, title: str) -> None:
    """Write an article as Markdown, whole or not at all."""
    blocks = [f"# {title}"]
    for heading, answer, against, points, basis in parts:
        blocks += [f"## {heading}", f"**{answer}**"]
        if against:
            blocks += [f"**{AGAINST}**", "\n".join(f"- **{one}**" for one in against)]
        blocks += ["\n".join(f"- {one}" for one in points), " ".join(basis)]
    write_text("\n\n".join(filter(None, blocks)) + "\n", path)
