"""What the Snakefile says around a run: whose results stand here, and what to open."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from spikedrift.atomic import replacing
from spikedrift.errors import InputError

RECORD = Path("results", "configuration.json")
SPECIAL = " \t\n'\"\\$&;()<>|*?[`"  # what a shell acts on where it is not quoted


def check_python(path: str) -> None:
    """Refuse a Python whose path Snakemake cannot hand to a shell: it does not quote it.

    Raises
    ------
    InputError
        Naming the path and the first character at fault.
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
        Files that it makes.
    """

    def __init__(
        self, files: Sequence[str | Path], block: Mapping[str, Any], results: Iterable[str]
    ) -> None:
        # Relative names, so that a moved project is no other configuration.
        self.name = " + ".join(os.path.relpath(path) for path in files)
        text = json.dumps(block, sort_keys=True)
        self._digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        self._results = sorted(set(results))

    @property
    def notices(self) -> list[str]:
        """That another configuration made the results here, in one line."""
        try:
            made = json.loads(RECORD.read_text(encoding="utf-8"))
            name, digest, theirs = made["name"], made["digest"], set(made["results"])
        except (OSError, ValueError, KeyError, TypeError):
            return []  # nothing was made here, or before there were records
        if self.name == name or self._digest == digest:
            return []
        both = len(theirs.intersection(self._results))
        return [
            f"results/ is of {name} (digest {digest}), this run is of {self.name}: {both} files "
            f"that both name are made again where they differ, {len(theirs) - both} of {name} stay "
            "as they are; --directory keeps configurations apart"
        ]

    def record(self) -> None:
        """Write whose results stand here from now on."""
        content = {"name": self.name, "digest": self._digest, "results": self._results}
        with replacing(RECORD) as temporary:
            temporary.write_text(json.dumps(content, indent=0), encoding="utf-8")


def ending(figures: Iterable[str], given: Sequence[str | Path]) -> list[str]:
    """Lines that say what to open after a run.

    Parameters
    ----------
    figures : iterable of str
        Final figures of the configuration; those that are there are counted.
    given : sequence of path
        Config files given on the command line, which the report needs too.
    """
    there = [path for path in map(Path, figures) if path.is_file()]
    if not there:
        return []
    named = " ".join(["", "--configfile", *map(os.path.relpath, given)] if given else [])
    return [
        f"final figures: {there[0].parent}/ ({len(there)}, begin with {there[0].name})",
        f"a report of everything: .venv/bin/snakemake{named} --report results/report.zip",
    ]
