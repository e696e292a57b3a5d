"""Whether two runs of the workflow made the same results."""

import csv
from pathlib import Path

import xarray as xr


def assert_same_results(one: Path, other: Path, part: bool = False) -> None:
    """Same files with the same arrays; netCDF bytes differ, they hold dates.

    With `part`, the other run may have made more files.
    The supplement and Snakemake's benchmark tables hold run times: that they are there is all.
    """
    for suffix in ("nc", "tsv"):
        made = [
            {path.relative_to(root) for path in root.rglob(f"*.{suffix}")} for root in (one, other)
        ]
        assert set() != made[0] <= made[1]
        assert part or made[0] == made[1]
        for name in sorted(made[0]):
            if name.name != "supplement.tsv" and name.parts[0] != "benchmarks":
                assert_same(one / name, other / name)
    for path in one.rglob("*.png"):
        assert_same(path, other / path.relative_to(one))


def assert_same(one: Path, other: Path) -> None:
    """The same arrays, rows or picture."""
    if one.suffix == ".nc":
        with xr.open_dataset(one) as a, xr.open_dataset(other) as b:
            xr.testing.assert_identical(a.load(), b.load())
    elif one.suffix == ".tsv":
        assert rows(one) == rows(other), one.name
    else:
        assert one.read_bytes() == other.read_bytes(), one.name


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as text:
        return list(csv.reader(text, delimiter="\t"))
