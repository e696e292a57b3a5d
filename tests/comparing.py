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
            if suffix == "nc":
                with xr.open_dataset(one / name) as a, xr.open_dataset(other / name) as b:
                    xr.testing.assert_identical(a.load(), b.load())
            elif name.name != "supplement.tsv" and name.parts[0] != "benchmarks":
                assert rows(one / name) == rows(other / name), name
    for path in one.rglob("*.png"):
        assert path.read_bytes() == (other / path.relative_to(one)).read_bytes(), path.name


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as text:
        return list(csv.reader(text, delimiter="\t"))
