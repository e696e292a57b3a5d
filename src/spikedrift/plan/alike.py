"""Check, before anything is computed, that the sweeps of a comparison show trials alike.

Every statistic of drift depends on the length of trials, on the numbers of segments and units, and
on how blocks are laid out: of networks that differ in one of them, one may be nearer for that
alone. Of sessions that are read, only the files can tell.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from collections.abc import Iterable
from dataclasses import astuple, replace
from itertools import combinations

from spikedrift.config.compare import Comparison
from spikedrift.core.errors import InputError
from spikedrift.plan.parts import Shown
from spikedrift.plan.study import Study


def check(study: Study, entry: Comparison, where: str) -> None:
    """Refuse sweeps of one comparison that do not show trials alike.

    Parameters
    ----------
    study : Study
    entry : Comparison
    where : str
        Its place in the configuration.

    Raises
    ------
    InputError
        Naming the first two sweeps that differ, and in what.
    """
    seen = {name: _seen(study, name, entry) for name in entry.models}
    known = {name: shown for name, shown in seen.items() if shown is not None}
    for (one, first), (other, second) in combinations(known.items(), 2):
        if first != second:
            pairs = zip(_words(first), _words(second), strict=True)
            apart = "; ".join(f"{a} and {b}" for a, b in pairs if a != b)
            raise InputError(
                f"{where}.sweeps: {one} and {other} do not show trials alike: {apart}; make them "
                "so with options of their networks, of survey or of model_selection"
            )


def shared_seeds(study: Study, entry: Comparison) -> list[str]:
    """Line for every two sweeps of a comparison whose instances share random draws."""
    return [
        f"comparison {entry.name}: the sweeps {one} and {other} have one seed, "
        f"{study.sweeps[one].seed}: instances share draws and are held out together; give one "
        "another seed for draws of its own"
        for one, other in combinations(entry.models, 2)
        if study.sweeps[one].seed == study.sweeps[other].seed
    ]


def _seen(study: Study, name: str, entry: Comparison) -> set[Shown] | None:
    """What a comparison sees of the variants of a sweep; None where only files can tell."""
    sweep = study.sweeps[name]
    by = sweep.survey or study.selections[entry.model_selection]
    # Of several later blocks a survey may choose one.
    n_blocks = 2 if sweep.survey and sweep.survey.match is not None else None
    found: set[Shown] = set()
    for variant in sweep.variants:
        shown = study.parts[name][variant.name].shown
        if shown is None:
            return None
        found |= {
            replace(
                one,
                duration=min(by.duration or one.duration, one.duration),
                segments=min(by.segments or one.segments, one.segments),
                units=min(by.units or one.units, one.units),
                repeats=one.repeats[:n_blocks],
            )
            for one in shown
        }
    return found


def _words(shown: Iterable[Shown]) -> list[str]:
    """Every property of trials in words."""
    columns = zip(*map(astuple, shown), strict=True)
    duration, segments, units, repeats = (sorted(set(column)) for column in columns)

    def listed(values: Iterable[object]) -> str:
        return " or ".join(map(str, values))

    blocks = [f"{len(one)} blocks of {', '.join(map(str, dict.fromkeys(one)))}" for one in repeats]
    return [
        f"trials of {listed(f'{value:g}' for value in duration)} s",
        f"{listed(segments)} segments",
        f"{listed(units)} units",
        f"{listed(blocks)} repeats",
    ]
