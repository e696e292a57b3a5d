"""Write docs/results.md: what the files below results/ hold, read from the files of a run.

`.venv/bin/python docs/catalog.py results > docs/results.md`, after `make demo`. Files and their
sentences are those of the rules (workflow/rules), dimensions and units those of the files
themselves; docs/catalog/ says what each variable is. A file with a variable that is not
described there, or with another unit, is an error, and so is a description of what no file has.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import h5netcdf
import pandas as pd
import yaml

ROOT = Path(__file__).parents[1]
HEAD = """\
# Results

Every file that a run makes below `results/`, by the rule that makes it. Of what the embedded
default makes, the variables are listed, with the dimensions that they lie over and their units; a
file of another configuration may have further ones. `.nc` files are netCDF4:
`xarray.open_dataset(file, engine="h5netcdf")` opens them, `spikedrift.core.results.read` also
checks that they are whole and what their names say. Attributes hold recording, options, seed,
versions of software; `citation` and `recording_citation` are the papers behind a measure and a
recording. `.tsv` files are tables with tabs.

This page is written from the files of a run, `.venv/bin/python docs/catalog.py results`, and a test
compares it with those of another.

"""
RULE = re.compile(r'^rule (\w+):\n    """(.*?)"""\n(.*?)(?=^\S|\Z)', flags=re.M | re.S)
OUTPUT = re.compile(r"^    output:\n((?:        .*\n)+)", flags=re.M)


class Variable(NamedTuple):
    """A variable of a file, or a column of a table."""

    name: str
    dims: tuple[str, ...]
    unit: str


@dataclass
class Made:
    """A file that some rules make."""

    pattern: str
    rules: dict[str, str] = field(default_factory=dict)
    """Name of the rule -> its sentence."""
    variables: dict[str, Variable] = field(default_factory=dict)
    dimensions: dict[str, str] = field(default_factory=dict)
    """Dimension -> its unit in the file."""

    def holds(self, path: str) -> bool:
        """Whether a path is one of these files."""
        parts = re.split(r"\{\w+\}", self.pattern)
        name = "[^/]+" if "/figures/" not in self.pattern else ".+"
        return re.fullmatch(name.join(map(re.escape, parts)), path) is not None


def made() -> dict[str, Made]:
    """All files that rules make, by their pattern, without logs and benchmarks."""
    found: dict[str, Made] = {}
    for file in sorted((ROOT / "workflow/rules").glob("*.smk")):
        for name, said, body in RULE.findall(file.read_text(encoding="utf-8")):
            output = OUTPUT.search(body)
            if output is None:
                continue
            given = output[1].replace("=TRIALS", '="results/trials/{recording}.nc"')
            given = given.replace("{RAW}", "results/raw").replace("{{", "{").replace("}}", "}")
            for pattern in re.findall(r'"(results/[^"]+)"', given):
                one = found.setdefault(pattern, Made(pattern))
                one.rules[name] = " ".join(said.split())
    return found


def said() -> dict[str, Any]:
    """What docs/catalog/ says: of `dimensions`, and of `files` by their patterns."""
    texts = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / "docs/catalog").glob("*.yaml"))
    }
    dimensions = texts.pop("dimensions")
    files = {key: one for part in texts.values() for key, one in part.items() if "/" in key}
    return {"dimensions": dimensions, "files": files}


def look(results: Path, files: dict[str, Made], free: set[str]) -> None:
    """Add what the files of a run hold, but for those that may hold anything."""
    of_rules = sorted(files.values(), key=lambda one: (one.pattern.count("{"), one.pattern))
    for path in sorted(results.rglob("*")):
        name = f"results/{path.relative_to(results)}"
        if path.suffix not in (".nc", ".tsv") or name.split("/")[1] in ("benchmarks", "logs"):
            continue
        kind = next((one for one in of_rules if one.holds(name)), None)
        if kind is None or kind.pattern in free:
            continue  # a store of finished runs or blocks, which is no declared output
        for variable in read(path, kind.dimensions):
            kind.variables.setdefault(variable.name, variable)


def read(path: Path, dimensions: dict[str, str]) -> Iterator[Variable]:
    """Variables of a file; its dimensions are added to those that are known."""
    if path.suffix == ".tsv":
        for column in pd.read_csv(path, sep="\t", nrows=0, comment=None).columns:
            yield Variable(str(column), (), "")
        return
    with h5netcdf.File(path, "r", decode_vlen_strings=True) as file:
        units = {name: str(one.attrs.get("units", "")) for name, one in file.variables.items()}
        for name in file.dimensions:
            dimensions.setdefault(name, units.get(name, ""))
        for name, variable in file.variables.items():
            if name not in file.dimensions:
                yield Variable(name, tuple(variable.dimensions), units[name])


def described(one: Made, files: dict[str, Any]) -> str:
    """Section of a file."""
    said = files.get(one.pattern, {})
    rules = ", ".join(f"`{name}`" for name in one.rules)
    first = said.get("about") or next(iter(one.rules.values()))
    lines = [f"### `{one.pattern}`", "", f"{first} Made by {rules}."]
    if not one.variables:
        return "\n".join(lines)
    if same := said.get("same_as"):
        said = files[same]
    elif unknown := said.get("variables", {}).keys() - one.variables.keys():
        raise SystemExit(f"docs/catalog: {one.pattern} has no {sorted(unknown)}")
    table = one.pattern.endswith(".tsv")
    lines += [
        "",
        "| column | unit | what it is |" if table else "| variable | over | unit | what it is |",
    ]
    lines.append("|---|---|---|" if table else "|---|---|---|---|")
    for variable in one.variables.values():
        unit, is_what = explained(
            variable.name, variable.unit, said.get("variables", {}), one.pattern
        )
        over = "" if table else f" {', '.join(variable.dims)} |"
        lines.append(f"| `{variable.name}` |{over} {unit} | {is_what} |")
    return "\n".join(lines)


def explained(name: str, unit: str, texts: dict[str, str], where: str) -> tuple[str, str]:
    """Unit and meaning of a variable; refuses one that is not described, or of another unit."""
    if name not in texts:
        raise SystemExit(f"docs/catalog: does not describe {name} of {where}")
    given, _, what = texts[name].partition(" | ")
    if unit and given not in (unit, "of the measure"):
        raise SystemExit(f"docs/catalog: {name} of {where} is in {unit}, not in {given}")
    return ("" if given == "-" else given), what.replace("|", "\\|")


def page(results: Path) -> str:
    """The whole page, from the results of a run."""
    texts = said()
    files = made()
    if unknown := texts["files"].keys() - files.keys():
        raise SystemExit(f"docs/catalog: no rule makes {sorted(unknown)}")
    look(results, files, {name for name, one in texts["files"].items() if one.get("free")})
    dimensions: dict[str, str] = {}
    for one in files.values():
        dimensions |= {
            name: unit for name, unit in one.dimensions.items() if name not in dimensions
        }
    rows = []
    for name in sorted(dimensions):
        unit, what = explained(name, dimensions[name], texts["dimensions"], "a file")
        rows.append(f"| `{name}` | {unit} | {what} |")
    parts = [HEAD, "## Dimensions\n\n| dimension | unit | what it is |\n|---|---|---|\n"]
    parts[1] += "\n".join(rows) + "\n"
    folders: dict[str, list[Made]] = {}
    for one in files.values():
        within = one.pattern.split("/")
        folders.setdefault(within[1] if len(within) > 2 else "", []).append(one)
    for folder in sorted(folders):
        title = f"`results/{folder}/`" if folder else "`results/`"
        sections = (described(one, texts["files"]) for one in folders[folder])
        parts.append(f"\n## {title}\n\n" + "\n\n".join(sections) + "\n")
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page(Path(sys.argv[1])))
