"""Messages of the Snakefile around a run: whose results are in the folder, and what to open."""

import hashlib
import json
import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from spikedrift.core.atomic import replacing
from spikedrift.core.errors import InputError

RECORD = Path("results", "configuration.json")
SPECIAL = " \t\n'\"\\$&;()<>|*?[`"  # characters that a shell interprets where they are not quoted


def check_python(path: str) -> None:
    """Refuse a Python whose path a shell would change, since Snakemake does not quote it.

    Raises
    ------
    InputError
        For a path with a special character; the message names the first one.
    """
    if bad := [character for character in path if character in SPECIAL]:
        raise InputError(
            f"{path}: Snakemake cannot start jobs by a Python whose path holds {bad[0]!r}; move "
            "the project to a path without it and run `make demo` there. Results may lie anywhere: "
            "--directory"
        )


class Configuration:
    """The configuration of a run by its name, and the record of it beside the results.

    Parameters
    ----------
    files : sequence of path
        Config files of the run.
    block : mapping
        The configuration with its defaults.
    results : iterable of str
        Files that the configuration makes.
    """

    def __init__(
        self, files: Sequence[str | Path], block: Mapping[str, Any], results: Iterable[str]
    ) -> None:
        # Names are relative, so that a moved project has the same configuration.
        self.name = " + ".join(os.path.relpath(path) for path in files)
        text = json.dumps(block, sort_keys=True)
        self._digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        self._results = sorted(set(results))

    @property
    def notices(self) -> list[str]:
        """Line that says that another configuration made the results here; empty otherwise."""
        try:
            made = json.loads(RECORD.read_text(encoding="utf-8"))
            name, digest, theirs = made["name"], made["digest"], set(made["results"])
        except (OSError, ValueError, KeyError, TypeError):
            return []  # nothing was made here, or before there were records
        if self.name == name or self._digest == digest:
            return []
        both = len(theirs.intersection(self._results))
        reports = sorted(map(str, RECORD.parent.glob("report*.zip")))
        kept = (
            f"; results/findings.html becomes that of this run, {', '.join(reports)} stays what it "
            "was until you make it again"
        )
        return [
            f"results/ is of {name} (digest {digest}), this run is of {self.name}: {both} files "
            f"that both name are made again where they differ, {len(theirs) - both} of {name} stay "
            "as they are" + kept * bool(reports) + "; --directory keeps configurations apart"
        ]

    def record(self) -> None:
        """Record that the results here are those of this configuration."""
        content = {"name": self.name, "digest": self._digest, "results": self._results}
        with replacing(RECORD) as temporary:
            temporary.write_text(json.dumps(content, indent=0), encoding="utf-8")


def again(
    project: Path, snakefile: Path, given: Sequence[str | Path], settings: Mapping[str, Any]
) -> str:
    """Command that calls Snakemake for the configuration of this run, quoted for a shell.

    It is short where the working directory is the project, as in the README. Elsewhere, as with
    `--directory`, every path is absolute, so that the command works wherever it is typed.

    Parameters
    ----------
    project : path
        Folder that holds `.venv`.
    snakefile : path
        Snakefile of the run.
    given : sequence of path
        Config files given on the command line.
    settings : mapping
        Keys set by `--config`.
    """
    if _at_home(project):
        words = [".venv/bin/snakemake"]
        files = [os.path.relpath(path) for path in given]
    else:
        words = [str(project / ".venv/bin/snakemake")]
        words += ["--snakefile", str(snakefile), "--directory", str(Path.cwd())]
        files = [str(Path(path).absolute()) for path in given]
    if files:
        words += ["--configfile", *files]
    if settings:
        words += ["--config", *(f"{key}={json.dumps(value)}" for key, value in settings.items())]
    return shlex.join(words)


def _at_home(project: Path) -> bool:
    return Path.cwd() == project.resolve()


def ending(figures: Iterable[str], pages: Iterable[str], project: Path, command: str) -> list[str]:
    """Lines that say what to open after a run.

    Parameters
    ----------
    figures : iterable of str
        Final figures of the configuration; those that exist are counted.
    pages : iterable of str
        Pages that the report opens on, of this run.
    project : path
        Folder that holds `.venv`.
    command : str
        Command that calls Snakemake for this configuration (`again`).
    """

    def shown(path: Path) -> Path:
        return path if _at_home(project) else path.absolute()

    there = [path for path in map(Path, figures) if path.is_file()]
    if not there:
        return []
    return [
        f"final figures: {shown(there[0].parent)}/ ({len(there)}, begin with {there[0].name})",
        *(f"what was found: {shown(Path(page))}" for page in pages),
        f"a report of everything: {command} --report results/report.zip",
    ]
