"""Whether two runs of a configuration have the same numbers, bit by bit.

`python benchmarks/same_results.py one/results other/results`

Arrays and coordinates of every NetCDF file, and the lines of every table but those that begin with
`#`. Attributes are compared too; those that say with which code and when a file was made may differ
and are counted. Names that changed between the versions of the two runs stand in
`renamed_words.py`.
"""

import sys
from pathlib import Path

import numpy as np
import xarray as xr
from renamed_words import renamed, renamed_in

MADE_WITH = (
    *("software", "digest", "source", "seal", "git", "version", "versions", "wall_time"),
    "result_format",
)
# Folders below the results, and a table of run times.
NOT_RESULTS = ("build", "benchmarks", "logs", "supplement.tsv")


def arrays(one: Path, other: Path, path: str = "") -> list[str]:
    """Names of what differs between two NetCDF files; those of the first are renamed."""
    with xr.open_dataset(one) as before, xr.open_dataset(other) as b:
        a = renamed_in(before, path)
        names = {str(name) for name in (*a.variables, *b.variables)}
        different = [
            name
            for name in sorted(names)
            if name not in a.variables
            or name not in b.variables
            or not same(a[name].values, b[name].values)
        ]
        keys = {*a.attrs, *b.attrs} - {*MADE_WITH}
        different += [
            f"@{key}" for key in sorted(keys) if str(a.attrs.get(key)) != str(b.attrs.get(key))
        ]
        return different


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays have one type, one shape and the same bits."""
    if a.dtype.kind in "OUT" and b.dtype.kind in "OUT":
        return a.tolist() == b.tolist()
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind == "S":
        return a.tolist() == b.tolist()
    return a.tobytes() == b.tobytes()


def lines(path: Path) -> list[str]:
    """Lines of a table without what made it."""
    text = path.read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


def main(one: Path, other: Path) -> int:
    """Say what differs; 0 where nothing does."""
    found = {
        root: {
            path.relative_to(root)
            for pattern in ("*.nc", "*.tsv")
            for path in root.rglob(pattern)
            if not any(part.startswith(".") or part in NOT_RESULTS for part in path.parts)
        }
        for root in (one, other)
    }
    before = {Path(renamed(str(path), str(path))): path for path in found[one]}
    alone = before.keys() ^ found[other]
    different = {}
    for path in sorted(before.keys() & found[other]):
        if path.suffix == ".nc":
            different[path] = arrays(one / before[path], other / path, str(path))
        elif [renamed(line, str(path)) for line in lines(one / before[path])] != lines(
            other / path
        ):
            different[path] = ["lines"]
        else:
            different[path] = []
    for path in sorted(alone):
        print(f"{path}: in one of the two only")
    for path, names in different.items():
        if names:
            print(f"{path}: {', '.join(names)}")
    n_different = sum(map(bool, different.values()))
    print(f"{len(different)} files in both, {n_different} differ; {len(alone)} in one only")
    return int(bool(alone) or bool(n_different))


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:3])))
