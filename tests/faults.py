"""The table of docs/reliability.md: which faults were tried, and what came of them.

A test of a fault is marked `fault(kind, what)`; `cases` says how many the test goes through where
they are not parameters of it. `make test PYTEST=--reliability` writes the table from its own
outcomes, and a test compares the page with what is marked.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reliability.md"
BEGIN, END = "<!-- made by the tests -->\n", "<!-- end of what the tests made -->\n"
HEAD = "| kind | fault | tried | survived | lost |\n|---|---|---|---|---|\n"

Fault = tuple[str, str]


def of(item: pytest.Item) -> list[tuple[str, str, int]]:
    """Kind, fault and number of cases of every fault that a test tries."""
    return [
        (*mark.args, mark.kwargs.get("cases", 1))  # type: ignore[misc]
        for mark in item.iter_markers("fault")
    ]


def counted(items: list[pytest.Item]) -> dict[Fault, int]:
    """Number of cases that the collected tests try, by fault."""
    tried: dict[Fault, int] = defaultdict(int)
    for item in items:
        for kind, what, cases in of(item):
            tried[kind, what] += cases
    return dict(tried)


def row(fault: Fault, tried: int, survived: int) -> str:
    return f"| {fault[0]} | {fault[1]} | {tried} | {survived} | {tried - survived} |"


def listed() -> dict[Fault, int]:
    """Number of cases by fault, as the page says."""
    table = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return {(cells[0], cells[1]): int(cells[2]) for cells in rows[2:]}


class Table:
    """Collects the outcomes of marked tests, from all workers, and writes the page's table."""

    def __init__(self) -> None:
        self.tried: dict[Fault, int] = defaultdict(int)
        self.survived: dict[Fault, int] = defaultdict(int)

    def pytest_runtest_logreport(self, report: Any) -> None:
        faults = [value for name, value in report.user_properties if name == "fault"]
        if report.when == "call" or (report.when == "setup" and not report.passed):
            for kind, what, cases in faults:
                self.tried[kind, what] += cases
                self.survived[kind, what] += cases * report.passed

    def pytest_sessionfinish(self) -> None:
        rows = [row(fault, self.tried[fault], self.survived[fault]) for fault in sorted(self.tried)]
        before, _, rest = PAGE.read_text().partition(BEGIN)
        after = rest.partition(END)[2]
        PAGE.write_text(before + BEGIN + HEAD + "".join(f"{line}\n" for line in rows) + END + after)
