"""What the comparisons of a configuration have to make: files and params.

Imports nothing heavy: Snakemake asks for it at every start.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from spikedrift.config.compare import MIN_ANIMALS, Comparison
from spikedrift.config.root import Config
from spikedrift.config.selections import WHERE_USED, Selection
from spikedrift.core import plugins
from spikedrift.core.errors import InputError, unknown
from spikedrift.core.provenance import source_digest
from spikedrift.plan.recordings import Roster
from spikedrift.sweeps.points import Point

COMPARATORS = "spikedrift.rsa.comparators"


class Comparisons:
    """Entries of `comparisons`, each of one recording; files and params of their rules.

    Parameters
    ----------
    config : Config
    roster : Roster
    points : mapping of sweep -> points
        Of sweeps whose runs are recordings, not of surveys.
    timed : callable
        Name of a recording or pool -> whether it has spike times.
    doubts : mapping of recording -> str
        Why no comparison can rest on it; empty where one can.
    seeds : mapping of recording -> str
        Of recordings that are made from a simulation: what its random draws come from.

    Attributes
    ----------
    entries : dict of str -> Comparison
        By file of the results: `{comparison}`, or `{comparison}.{recording}` where an entry names
        several.
    groups : dict of comparison -> list of str
        Entries that are taken together over animals.
    notices : list of str
        What is not made, and why.

    Raises
    ------
    InputError
        For a comparator that is not there, a recording that no comparison can rest on or that is
        one of the networks it is compared with, or where no recording of a cohort has the units of
        the selection.
    """

    def __init__(
        self,
        config: Config,
        roster: Roster,
        points: Mapping[str, Sequence[Point]],
        timed: Callable[[str], bool],
        doubts: Mapping[str, str],
        seeds: Mapping[str, str],
    ) -> None:
        self.config, self._roster, self._points = config, roster, points
        self._selections = {selection.name: selection for selection in config.selections}
        self.entries: dict[str, Comparison] = {}
        self.groups: dict[str, list[str]] = {}
        self.notices: list[str] = []
        known = plugins.names(COMPARATORS)
        for name in config.compare.structure.comparators:
            if name not in known:
                where = "config: compare.structure.comparators: unknown comparator"
                raise unknown(where, name, known)
        for index, entry in enumerate(config.comparisons):
            where = f"config: comparisons[{index}]"
            key, members = self._members(entry, where)
            for one in members.values():
                self._check(one, where, key, timed, doubts)
                self._check_apart(one, where, key, seeds)
            self.entries |= members
            if entry.recording is None and len(members) >= MIN_ANIMALS:
                self.groups[entry.name] = list(members)
            elif entry.recording is None:
                self.notices.append(
                    f"comparison {entry.name}: {len(members)} recordings, leaving animals out "
                    f"needs {MIN_ANIMALS}; each is scored by itself"
                )

    def _members(self, entry: Comparison, where: str) -> tuple[str, dict[str, Comparison]]:
        """Key that names the recordings, and one entry a recording."""
        if entry.recording is not None:
            return "recording", {entry.name: entry}
        key, names = "recordings", list(entry.recordings or ())
        if entry.cohort is not None:
            key, selection = "cohort", self._selections[entry.selection]
            of_cohort = self._roster.cohorts.get(entry.cohort, [])
            names = [name for name in of_cohort if self._roster.analyzes(name, selection)]
            if not names:
                raise InputError(
                    f"{where}.cohort: no recording of {entry.cohort} has the units of the "
                    f"selection {entry.selection}"
                )
        members = {f"{entry.name}.{name}": name for name in names}
        return key, {
            member: entry.model_copy(
                update={"name": member, "recording": name, "recordings": None, "cohort": None}
            )
            for member, name in members.items()
        }

    def _check(
        self,
        entry: Comparison,
        where: str,
        key: str,
        timed: Callable[[str], bool],
        doubts: Mapping[str, str],
    ) -> None:
        """Refuse, before anything is simulated, a recording that no comparison can rest on."""
        recording, known = str(entry.recording), self._roster.names
        if recording not in known:
            raise unknown(f"{where}.{key}: not among recordings:", recording, known)
        for outsider in entry.outsiders:
            if outsider not in self._roster.recordings:
                raise unknown(
                    f"{where}.outsiders: not among recordings:", outsider, self._roster.recordings
                )
        if not timed(recording):
            raise InputError(
                f"{where}.{key}: {recording} holds two-photon events; comparisons need spike timing"
            )
        if (doubt := doubts[recording]) and self.config.compare.assumed_order == "refuse":
            raise InputError(
                f"{where}.{key}: {recording} is not compared with models, {doubt}; set "
                "compare.assumed_order to describe for a comparison without inference"
            )

    def _check_apart(
        self, entry: Comparison, where: str, key: str, seeds: Mapping[str, str]
    ) -> None:
        """Refuse a recording that shares its network's draws with a run that it is compared with.

        Runs of one seed and instance share wiring, patterns and noise in every condition.
        """
        of_sweep = next((sweep for sweep in self.config.sweeps if sweep.name == entry.sweep), None)
        if of_sweep is None:  # refused elsewhere
            return
        taken = {f"{of_sweep.seed}.{instance}" for instance in range(of_sweep.instances)}
        for place, recording in (
            (key, str(entry.recording)),
            *(("outsiders", one) for one in entry.outsiders),
        ):
            for member in self._roster.pools.get(recording, [recording]):
                if seeds.get(member) in taken:
                    seed, _, instance = seeds[member].partition(".")
                    raise InputError(
                        f"{where}.{place}: {member} is made from a network of seed {seed}, "
                        f"instance {instance}, which shares wiring, patterns and noise with runs "
                        f"of sweep {entry.sweep}; simulate it in a sweep of another seed"
                    )

    def surveyed(self, entry: Comparison) -> bool:
        """Whether the model side is a survey, which keeps no trials."""
        return entry.sweep not in self._points

    # Files

    @property
    def files(self) -> list[str]:
        """Everything that is made of all comparisons."""
        return [
            *(f"results/compare/{name}.nc" for name in self.entries),
            *(f"results/compare/{name}.animals.nc" for name in self.groups),
            *self.made("structure"),
            *(f"results/structure/{name}.animals.nc" for name in self.structured),
            *self.made("recovery"),
        ]

    def made(self, kind: str) -> list[str]:
        """Files of a kind: `structure` or `recovery`."""
        return [f"results/{kind}/{name}.nc" for name in self.having(kind)]

    def having(self, kind: str) -> list[str]:
        """Comparisons of matrices where runs keep trials, recovery where there are rules."""
        sweeps = {sweep.name: sweep for sweep in self.config.sweeps}
        names = []
        for name, entry in self.entries.items():
            sweep = sweeps[entry.sweep]
            rules = len(sweep.conditions) > 1 and sweep.instances > 2
            if not self.surveyed(entry) if kind == "structure" else rules:
                names.append(name)
        return names

    @property
    def structured(self) -> list[str]:
        """Groups whose matrices are taken together over animals: those whose runs keep trials."""
        return [name for name, of in self.groups.items() if not self.surveyed(self.entries[of[0]])]

    def inputs(self, wildcards: Any) -> dict[str, list[str]]:
        """Files of the recording and of every simulation, or a survey."""
        entry = self.entries[wildcards.comparison]
        data = self._drift([str(entry.recording)], entry.selection)
        if self.surveyed(entry):
            return data | {"survey": [f"results/surveys/{entry.sweep}.nc"]}
        runs = [point.recording for point in self._points[entry.sweep]]
        models = self._drift(runs, entry.model_selection)
        return data | {f"model_{key}": paths for key, paths in models.items()}

    def _drift(self, recordings: Iterable[str], selection: str) -> dict[str, list[str]]:
        """Drift files that a comparison reads, in the order of the recordings."""
        chosen = self.config.compare
        files = {"rate": chosen.rate, "timing": chosen.timing, "index": "index"}
        places = [f"{name}/{selection}" for name in recordings]
        found = {
            key: [f"results/drift/{at}/{file}.nc" for at in places] for key, file in files.items()
        }
        return found | {"profile": [f"results/profiles/{at}.nc" for at in places]}

    def trials(self, wildcards: Any) -> dict[str, list[str]]:
        """Trials of the recording and of every simulation."""
        entry = self.entries[wildcards.comparison]
        runs = [f"results/trials/{point.recording}.nc" for point in self._points[entry.sweep]]
        return {"trials": [f"results/trials/{entry.recording}.nc"], "models": runs}

    def recovered(self, wildcards: Any) -> dict[str, list[str]]:
        """Scores, and files of the recording and outsiders."""
        entry = self.entries[wildcards.comparison]
        seen = self._drift([str(entry.recording), *entry.outsiders], entry.selection)
        return {"scores": [f"results/compare/{entry.name}.nc"], **seen}

    def animals(self, wildcards: Any) -> list[str]:
        """Scores that are taken together over animals."""
        return [f"results/compare/{name}.nc" for name in self.groups[wildcards.compared_group]]

    def structures(self, wildcards: Any) -> list[str]:
        """Comparisons of matrices that are taken together over animals."""
        return [f"results/structure/{name}.nc" for name in self.groups[wildcards.compared_group]]

    # Params

    @property
    def scored(self) -> dict[str, Any]:
        """Options that scores rest on: not those of matrices, nor the measures, which are files."""
        return self.config.compare.model_dump(mode="json", exclude={"structure", "rate", "timing"})

    def sweep(self, wildcards: Any) -> str:
        """Name of the sweep of a comparison."""
        return self.entries[wildcards.comparison].sweep

    def points(self, wildcards: Any) -> list[dict[str, Any]]:
        """Point of every simulation that is compared, in order; none of a survey."""
        return [
            {
                "point": point.name,
                "condition": point.condition,
                "title": point.words,
                "condition_title": point.title,
                "control": point.control,
                "axes": point.axes,
                "instance_seed": point.instance_seed,
            }
            for point in self._points.get(self.entries[wildcards.comparison].sweep, ())
        ]

    def selections(self, wildcards: Any) -> dict[str, dict[str, Any]]:
        """Configuration of the selections on both sides of a comparison."""
        entry = self.entries[wildcards.comparison]

        def dumped(selection: Selection) -> dict[str, Any]:
            found: dict[str, Any] = selection.model_dump(mode="json", exclude=WHERE_USED)
            return found

        return {
            "trials": dumped(self._selections[entry.selection]),
            "models": dumped(self._selections[entry.model_selection]),
        }

    def structure_animals_digest(self, wildcards: Any) -> str:
        """Digest of what is inferred over animals, comparators included."""
        chosen = self.config.compare.structure.comparators
        return source_digest(
            "spikedrift.comparison.matrices.across_animals",
            *(f"{COMPARATORS}.{name}" for name in chosen),
        )

    def structure_digest(self, wildcards: Any) -> str:
        """Digest of a comparison of matrices, comparators and the measure of timing included."""
        chosen = self.config.compare
        measures = {one.name: one for one in self.config.similarity.measures}
        modules = [
            "spikes.selections",
            "comparison.matrices.matrices",
            f"similarity.measures.{measures[chosen.timing].measure}",
            *(f"rsa.comparators.{name}" for name in chosen.structure.comparators),
        ]
        return source_digest(*(f"spikedrift.{module}" for module in modules))
