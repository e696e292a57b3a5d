"""The supplement: what is set, what was counted, how long it took."""

import h5netcdf
import pandas as pd
import pytest

from spikedrift.report.page import write_tables
from spikedrift.report.supplement import flat, joined, run_times, tables

BENCHMARK = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


@pytest.fixture
def benchmarks(tmp_path):
    for path, seconds, memory, cpu in (
        ("simulate/a.tsv", 4.0, 100, 3.0),
        ("simulate/b.tsv", 6.0, 300, 5.0),
        ("table.tsv", 1.0, "-", 0.5),
    ):
        file = tmp_path / "benchmarks" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(BENCHMARK + f"{seconds}\t0:00:01\t{memory}\t1\t1\t1\t0\t0\t0\t{cpu}\n")
    return tmp_path / "benchmarks"


def test_run_times_are_summed_by_rule(benchmarks):
    found = run_times(benchmarks).set_index("rule")
    assert list(found.index) == ["simulate", "table"]  # most time first
    assert dict(found.loc["simulate"]) == {
        "jobs": 2, "total_s": 10.0, "longest_s": 6.0, "cpu_s": 8.0, "most_memory_mb": 300.0
    }  # fmt: skip
    assert pd.isna(found.loc["table", "most_memory_mb"])


def test_a_directory_without_benchmarks_has_no_run_times(tmp_path):
    assert run_times(tmp_path / "none").empty


def test_nested_options_are_one_row_a_leaf():
    given = {"seed": 2, "sweeps": [{"name": "a", "set": {"eta.x": 0.1}}], "rates": [1, 2], "no": {}}
    assert flat(given) == [
        ("seed", "2"),
        ("sweeps[0].name", "a"),
        ("sweeps[0].set.eta.x", "0.1"),
        ("rates", "[1, 2]"),
        ("no", "{}"),
    ]


def test_the_supplement_tells_what_was_made_and_why_not(benchmarks, tmp_path):
    with h5netcdf.File(tmp_path / "index.nc", "w") as file:
        file.attrs["n_units"] = 17
    found = tables(
        made=["final/1_recordings"],
        omitted={"3 (networks)": "figures.learning names no sweep"},
        given={"seed": 1},
        counted=[({"recording": "m.movie", "selection": "all"}, str(tmp_path / "index.nc"))],
        benchmarks=benchmarks,
        provenance={
            "code": {"commit": "123", "changed": {"src/a.py": "456"}},
            "versions": {"numpy": "2.5"},
            "lock_sha256": {"core": "abc"},
            "machines": [{"cpu": "slow", "gpu": None}, {"cpu": "fast", "gpu": "big"}],
        },
    )
    assert list(found["Unit counts"].loc[0]) == ["m.movie", "all", 17]
    why = found["Final figures"].set_index("figure")["why not"]
    assert why["3 (networks)"] == "figures.learning names no sweep"
    assert dict(found["Software and machines"].to_numpy()) == {
        "commit": "123",
        "changed since the commit": "src/a.py",
        "numpy": "2.5",
        "lock of core (sha256)": "abc",
        "machine 1": "slow",
        "machine 2": "fast; big",
    }
    cells = joined(found)
    assert len(cells) == sum(table.size for table in found.values())
    write_tables(found, tmp_path / "page.html", "Supplement")
    page = (tmp_path / "page.html").read_text()
    bodies = page.split("<tbody>")[1:]
    assert [body.count("<tr>") for body in bodies] == [len(table) for table in found.values()]
    assert all(f"<h2>{title}</h2>" in page for title in found)
