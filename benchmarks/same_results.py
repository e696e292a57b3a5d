"""Whether two runs of a configuration have the same numbers, bit by bit.

`python benchmarks/same_results.py one/results other/results`

Arrays and coordinates of every NetCDF file, and the lines of every table but those that begin with
`#`. Attributes are compared too; those that say with which code and when a file was made may differ
and are counted. Names that changed between the versions of the two runs stand in `RENAMED`.
"""

import sys
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import xarray as xr

MADE_WITH = (
    *("software", "digest", "source", "seal", "git", "version", "versions", "wall_time"),
    "result_format",
)
NOT_RESULTS = ("build", "benchmarks", "logs")  # folders below the results
_POINTS = {
    "condition": "point",
    "condition_recovered": "point_recovered",
    "condition_confusion": "point_confusion",
    "condition_rule": "point_variant",
    "condition_score": "point_score",
    "condition_rdm": "point_rdm",
    "geometry_condition_score": "geometry_point_score",
    **{f"rule{end}": f"variant{end}" for end in ("", "_recovered", "_title")},
    **{f"rule{end}": f"variant{end}" for end in ("_accuracy", "_low", "_high")},
}
# Files of the first run by their path below the results -> name there -> name in the second run:
# of dimensions, variables, attributes and columns. The first pattern that fits a path holds.
RENAMED: dict[str, dict[str, str]] = {
    "compare/*": _POINTS,
    "structure/*": _POINTS,
    "recovery/*": _POINTS,
    "surveys/*": {"condition": "variant"},
    "sweeps/*": {"condition": "variant"},
    "figures/survey.*": {"condition": "variant"},
    "figures/final/2_*": {},  # the rules there are plasticity rules
    "figures/*": _POINTS,
}


def renamed(path: Path) -> Mapping[str, str]:
    """Names of a file that are others in the second run."""
    return next((names for like, names in RENAMED.items() if fnmatch(path.as_posix(), like)), {})


def arrays(one: Path, other: Path, names_now: Mapping[str, str]) -> list[str]:
    """Names of what differs between two NetCDF files."""
    with xr.open_dataset(one) as a, xr.open_dataset(other) as b:
        a = a.rename({key: names_now[key] for key in (*a.variables, *a.dims) if key in names_now})
        a.attrs = {names_now.get(key, key): value for key, value in a.attrs.items()}
        names = {str(name) for name in (*a.variables, *b.variables)}
        different = [
            name
            for name in sorted(names)
            if name not in a.variables
            or name not in b.variables
            or a[name].dims != b[name].dims
            or not same(a[name].values, b[name].values)
        ]
        keys = {*a.attrs, *b.attrs} - {*MADE_WITH}
        different += [
            f"@{key}" for key in sorted(keys) if str(a.attrs.get(key)) != str(b.attrs.get(key))
        ]
        return different


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays have one type, one shape and the same bits."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind in "OUST":
        return a.tolist() == b.tolist()
    return a.tobytes() == b.tobytes()


def lines(path: Path, names_now: Mapping[str, str]) -> list[str]:
    """Lines of a table without what made it."""
    text = path.read_text(encoding="utf-8")
    found = [line for line in text.splitlines() if not line.startswith("#")]
    head = "\t".join(names_now.get(name, name) for name in "".join(found[:1]).split("\t"))
    return [head, *found[1:]]


def main(one: Path, other: Path) -> int:
    """Say what differs; 0 where nothing does."""
    found = {
        root: {
            path.relative_to(root)
            for pattern in ("*.nc", "*.tsv")
            for path in root.rglob(pattern)
            if not any(
                part.startswith(".") or part in ("build", "benchmarks", "logs")
                for part in path.parts
            )
        }
        for root in (one, other)
    }
    alone = found[one] ^ found[other]
    different = {}
    for path in sorted(found[one] & found[other]):
        if path.suffix == ".nc":
            different[path] = arrays(one / path, other / path, renamed(path))
        elif lines(one / path, renamed(path)) != lines(other / path, {}):
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
