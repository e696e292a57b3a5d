"""The supplement: figures made and left out, parameters, unit counts, run times, software."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from spikedrift.core import results


def tables(
    *,
    made: Sequence[str],
    omitted: Mapping[str, str],
    given: Mapping[str, Any],
    counted: Iterable[tuple[Mapping[str, str], str]],
    benchmarks: Path,
    provenance: Mapping[str, Any],
) -> dict[str, pd.DataFrame]:
    """Tables of the supplement by their titles.

    Parameters
    ----------
    made : sequence of str
        Names of the final figures.
    omitted : mapping of figure -> reason
    given : mapping
        The configuration without what is left at its default.
    counted : iterable of (mapping, path)
        `recording` and `selection` of index files, whose units are counted, and the files.
    benchmarks : Path
        Folder of Snakemake's benchmark files, with one folder or file for each rule.
    provenance : mapping
        Of results/provenance.json.
    """
    figures = [{"figure": Path(name).name, "made": "yes", "why not": ""} for name in made]
    figures += [{"figure": name, "made": "no", "why not": why} for name, why in omitted.items()]
    return {
        "Final figures": pd.DataFrame(figures),
        "Parameters that the configuration sets": pd.DataFrame(
            list(flat(given)), columns=["key", "value"]
        ),
        "Unit counts": pd.DataFrame([_units(**row, path=path) for row, path in counted]),
        "Run times by rule": run_times(benchmarks),
        "Software and machines": pd.DataFrame(
            list(surroundings(provenance)), columns=["what", "which"]
        ),
    }


def surroundings(provenance: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Rows that say with which code, versions, locks and machines results were made."""
    code = provenance["code"]
    yield "commit", code["commit"] or "not known"
    if code["changed"]:
        yield "changed since the commit", ", ".join(code["changed"])
    yield from provenance["versions"].items()
    for name, digest in provenance["lock_sha256"].items():
        yield f"lock of {name} (sha256)", digest
    for number, machine in enumerate(provenance["machines"], 1):
        yield f"machine {number}", "; ".join(filter(None, machine.values()))


def flat(value: Any, key: str = "") -> list[tuple[str, str]]:
    """Keys and values of nested mappings and lists, one pair for each leaf: `sweeps[0].name`."""
    if isinstance(value, Mapping) and value:
        return [
            row for name, one in value.items() for row in flat(one, f"{key}.{name}".lstrip("."))
        ]
    if isinstance(value, list | tuple) and any(isinstance(one, Mapping) for one in value):
        return [row for k, one in enumerate(value) for row in flat(one, f"{key}[{k}]")]
    return [(key, str(value))]


def _units(recording: str, selection: str, path: str) -> dict[str, object]:
    n_units = int(results.read(path, names=()).attrs["n_units"])
    return {"recording": recording, "selection": selection, "units": n_units}


def run_times(benchmarks: Path) -> pd.DataFrame:
    """Jobs, time (s) and memory (MB) of every rule, from Snakemake's benchmark files.

    Parameters
    ----------
    benchmarks : Path

    Returns
    -------
    DataFrame
        `rule`, `jobs`, `total_s`, `longest_s`, `cpu_s`, `most_memory_mb`; the longest rule first.
    """
    rows = []
    for path in sorted(benchmarks.rglob("*.tsv")):
        one = results.table(path).iloc[-1]
        rule = path.relative_to(benchmarks).parts[0].removesuffix(".tsv")
        rows.append({"rule": rule, "s": one["s"], "cpu": one["cpu_time"], "memory": one["max_rss"]})
    table = pd.DataFrame(rows, columns=["rule", "s", "cpu", "memory"])
    numbers = table.assign(
        **{name: pd.to_numeric(table[name], errors="coerce") for name in ("s", "cpu", "memory")}
    ).groupby("rule", sort=True)  # fmt: skip
    found = pd.DataFrame(
        {
            "jobs": numbers.size(),
            "total_s": numbers["s"].sum(),
            "longest_s": numbers["s"].max(),
            "cpu_s": numbers["cpu"].sum(),
            "most_memory_mb": numbers["memory"].max(),
        }
    ).reset_index()
    return found.sort_values("total_s", ascending=False, ignore_index=True)


def joined(found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """All tables as one with a row for each cell: `table`, `row`, `column`, `cell`."""
    rows = [
        {"table": title, "row": k, "column": column, "cell": cell}
        for title, table in found.items()
        for k, row in enumerate(table.to_dict("records"))
        for column, cell in row.items()
    ]
    return pd.DataFrame(rows, columns=["table", "row", "column", "cell"])
