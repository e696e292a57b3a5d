"""Tables as a page of the report, for reading; the numbers stand in the TSV beside it."""

from collections.abc import Mapping
from html import escape
from pathlib import Path

import pandas as pd

from spikedrift.atomic import write_text

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
    write_text(page, path)
