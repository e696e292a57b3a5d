"""Check, before anything is computed, for selections that units are known not to satisfy.

Networks and synthetic recordings have no quality columns and few populations, and some sources say
which columns and populations they can have. Anything else is found when the file is read.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spikedrift.config.analyses import AnalysisEntry
from spikedrift.config.inference import Inference
from spikedrift.config.selections import Selection
from spikedrift.core.errors import InputError
from spikedrift.plan.comparisons import Comparisons
from spikedrift.plan.study import Study


@dataclass(frozen=True)
class Units:
    """Columns and populations that units can have; None where only their file can tell.

    Attributes
    ----------
    quality, populations : frozenset of str, optional
        Quality columns, and populations.
    """

    quality: frozenset[str] | None = None
    populations: frozenset[str] | None = None

    def lacking(self, selection: Selection) -> str:
        """Words for the first part of a selection that the units do not have; '' for none."""
        for what, asked, there in (
            ("quality column", selection.quality, self.quality),
            ("population", selection.population or (), self.populations),
        ):
            for name in asked:
                if there is not None and name not in there:
                    known = ", ".join(sorted(there)) or "none"
                    return f"no {what} {name!r} (there are: {known})"
        return ""


def of_networks(study: Study, sweep: str) -> Units:
    """Units of the runs of a sweep: no quality columns, and the populations that are recorded.

    Where runs are read from files, only these can tell the populations.
    """
    recorded = [one.units for one in study.parts[sweep].values() if one.units is not None]
    known = len(recorded) == len(study.parts[sweep])
    return Units(frozenset(), frozenset.union(*recorded) if known else None)


def pooled(members: Sequence[Units]) -> Units:
    """Units of several recordings side by side: only columns that all of them have are kept."""
    qualities = [one.quality for one in members if one.quality is not None]
    populations = [one.populations for one in members if one.populations is not None]
    return Units(
        frozenset.intersection(*qualities) if qualities else None,
        frozenset.union(*populations) if len(populations) == len(members) else None,
    )


def check(study: Study, comparisons: Comparisons) -> None:
    """Refuse a selection that asks a recording or a network for what it is known not to have.

    Parameters
    ----------
    study : Study
    comparisons : Comparisons

    Raises
    ------
    InputError
        For such a selection; the message says which side lacks what, and what to write.
    """
    recordings = {
        name: Units(
            None if options.quality is None else frozenset(options.quality),
            None if (known := options.known_populations()) is None else frozenset(known),
        )
        for name, options in study.options.items()
    }
    recordings |= {
        pool: pooled([recordings[name] for name in names]) for pool, names in study.pools.items()
    }
    places = {name: index for index, name in enumerate(study.selections)}
    for selection, recording in _of_recordings(study, comparisons):
        if lack := recordings[recording].lacking(study.selections[selection]):
            raise InputError(
                f"config: selections[{places[selection]}]: {recording} has {lack} for "
                f"selection {selection!r}; say with `recordings: [...]` which recordings it is for"
            )
    for where, selection, sweep in _of_models(study):
        if lack := of_networks(study, sweep).lacking(study.selections[selection]):
            raise InputError(
                f"config: {where}: the networks of sweep {sweep} have {lack} for selection "
                f"{selection!r}; say with `recordings: [...]` which recordings it is for, and use "
                f"one for the networks here, such as `{{name: models, recordings: [{sweep}]}}`"
            )


def _of_recordings(study: Study, comparisons: Comparisons) -> Iterator[tuple[str, str]]:
    """Selections with the recordings or pools to which they are applied."""
    for name in study.recorded.names:
        yield from ((selection, name) for selection in study.analyzed(name, sensitivity=True))
    for entry in comparisons.entries.values():
        yield from ((entry.selection, name) for name in (str(entry.recording), *entry.out_of_model))


def _of_models(study: Study) -> Iterator[tuple[str, str, str]]:
    """Place in the configuration, selection, and sweep to whose runs it is applied."""
    for index, entry in enumerate(study.config.comparisons):
        for sweep in filter(study.kept, entry.models):
            yield f"comparisons[{index}].model_selection", entry.model_selection, sweep
    for index, learned in enumerate(study.config.figures.learning):
        yield f"figures.learning[{index}].index", learned.index, learned.sweep
        matrices = study.config.matrices_of(learned)
        if matrices is not None:
            yield f"figures.learning[{index}].matrices", matrices, learned.sweep
    blocks: list[tuple[str, Sequence[AnalysisEntry | Inference]]] = [
        ("analyses", study.config.analyses),
        ("inference", study.config.inference),
    ]
    for block, entries in blocks:
        for index, asking in enumerate(entries):
            for sweep in filter(study.sweeps.__contains__, asking.recordings or ()):
                for selection in study.analyzed(sweep):
                    if asking.selections is None or selection in asking.selections:
                        yield f"{block}[{index}].recordings", selection, sweep
