"""Entries of a configuration: recordings, sweeps and their points, selections, measures.

The module imports nothing that takes long, since Snakemake reads it at every start. Everything that
it returns is made of builtins and of `Output`s, since Snakemake compares params between runs.
"""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

from spikedrift.config.root import Config
from spikedrift.config.selections import WHERE_USED
from spikedrift.core.errors import InputError, missing, unknown
from spikedrift.networks import catalog as networks
from spikedrift.plan.located import located
from spikedrift.plan.origins import Origins
from spikedrift.plan.outputs import Output, output, trainings
from spikedrift.plan.parts import parts_of
from spikedrift.plan.recordings import Recordings
from spikedrift.similarity import registry as measures
from spikedrift.sources import registry as sources
from spikedrift.sweeps.points import Expansion, Point


def by_name(entries: Iterable[Any]) -> dict[str, Any]:
    """Entries of a block of the configuration by their names."""
    return {entry.name: entry for entry in entries}


class Study:
    """The entries of a configuration, and which of them go together.

    Parameters
    ----------
    config : Config
    root : path
        Folder of the project.
    trials : str
        Path of a trials file, with `{recording}`.

    Attributes
    ----------
    recordings, selections, measures, sweeps, learning : dict of entry, by name
        `learning` by sweep.
    pools : dict of list of str
        Recordings that each pool joins.
    expansions : dict of sweep -> Expansion
        Points of a sweep with a survey are made when they are asked for.
    points : dict of recording -> Point
        Simulations whose trials are kept: of sweeps without a survey.
    parts : dict of sweep -> variant -> Parts of its networks
    options : dict of recording -> options of its source

    Raises
    ------
    InputError
        Where a recording's options, a sweep's variant or a measure's name does not hold. Points of
        surveys are not all looked at (`check_points`).
    """

    def __init__(self, config: Config, root: Path, trials: str) -> None:
        self.config = config
        self.recorded = Recordings(config, root)
        self.recordings, self.pools = self.recorded.recordings, self.recorded.pools
        self.selections = by_name(config.selections)
        self.measures = by_name(config.similarity.measures)
        self.sweeps = by_name(located(config.sweeps, [*self.recordings, *self.pools], trials))
        self.learning = {entry.sweep: entry for entry in config.figures.learning}
        self._block = config.model_dump(mode="json")
        self._check_names()
        self.expansions = {name: Expansion(sweep) for name, sweep in self.sweeps.items()}
        self.parts = {name: parts_of(sweep) for name, sweep in self.sweeps.items()}
        self._runs = {
            name: {point.recording: point for point in self.expansions[name].points}
            for name, sweep in self.sweeps.items()
            if sweep.survey is None
        }
        self.points: dict[str, Point] = {}
        for runs in self._runs.values():
            self.points |= runs
        self.options = {name: sources.options(entry) for name, entry in self.recordings.items()}
        self.origins = Origins(self.options, self.points.values(), trials)
        self.raw = {name: options.files(name) for name, options in self.options.items()}
        self._check_files()

    def _check_names(self) -> None:
        """Refuse a plug-in that has no file."""
        named = [
            ("recordings", "source", self.recordings, sources.names()),
            ("similarity.measures", "measure", self.measures, measures.names()),
            ("sweeps", "network", self.sweeps, networks.names()),
        ]
        for block, key, entries, known in named:
            for index, entry in enumerate(entries.values()):
                if (name := getattr(entry, key)) not in known:
                    raise unknown(f"config: {block}[{index}].{key}: unknown {key}", name, known)

    def _check_files(self) -> None:
        """Refuse paths that do not exist."""
        for index, path in enumerate(self.config.custom_rules):
            if not Path(path).is_file():
                raise missing(f"config: custom_rules[{index}]", path)
        for name in self.options:
            for path in self.paths_of(name):
                # A custom rule may make it.
                if not Path(path).is_file() and not self.config.custom_rules:
                    raise missing(f"config: recording {name}", path)

    def check_points(self) -> None:
        """Refuse points that do not hold, or are the same network, and their files likewise.

        Raises
        ------
        InputError
            Naming the point.
        """
        for sweep, expansion in self.expansions.items():
            self._check_sessions(f"config: sweep {sweep}", expansion.points)

    def _check_sessions(self, where: str, points: Iterable[Point]) -> None:
        """Refuse sessions whose file does not exist, or is that of another session too."""
        taken: dict[str, str] = {}
        for point in points:
            session = f"{point.name}, instance {point.instance}"
            for path in point.files:
                if path in taken:
                    raise InputError(
                        f"{where}: {path} is the session of {taken[path]} and of {session}; let "
                        "{instance} in the path stand for the number of the instance"
                    )
                taken[path] = session
                if not Path(path).is_file() and not self.config.custom_rules:
                    raise missing(f"{where}: {session}", path)
            for path in point.shared:
                known = Path(path).stem in [*self.recordings, *self.pools]
                if not (Path(path).is_file() or known or self.config.custom_rules):
                    raise missing(f"{where}: {session}", path)

    # What goes together

    def paths_of(self, recording: str) -> list[str]:
        """The user's own files from which a recording is made."""
        if recording in self.origins.points:
            return []
        return [str(path) for path in self.options[recording].paths(recording)]

    @property
    def streamed(self) -> list[str]:
        """Recordings whose source reads from the network."""
        return [name for name, options in self.options.items() if options.streamed(name)]

    @property
    def stored(self) -> list[str]:
        """Recordings made from local files, or from none."""
        return [name for name, options in self.options.items() if not options.streamed(name)]

    def analyzed(self, name: str, sensitivity: bool = False) -> list[str]:
        """Selections that apply to a recording or a sweep."""
        return [
            key
            for key, selection in self.selections.items()
            if self.recorded.analyzes(name, selection)
            and (sensitivity or not selection.sensitivity)
        ]

    def indexed(self, table: str) -> list[dict[str, str]]:
        """Recording and selection of every row of a table of indices."""
        return [
            {"recording": name, "selection": selection}
            for name in self.recorded.names
            for selection in self.analyzed(name, sensitivity=table == "sensitivity")
        ]

    def timed(self, recording: str) -> bool:
        """Whether a recording or a pool has spike times; simulations do."""
        found = map(self.options.get, self.pools.get(recording, [recording]))
        return all(options is None or options.timing for options in found)

    def caveat(self, recording: str) -> str:
        """Why no inference can rest on a recording or a pool; empty where it can."""
        if recording in self.pools:
            return "its units are pooled over sessions"
        return self.options[recording].caveat()

    def measured(self, recording: str) -> list[str]:
        """Measures for which a recording has the spikes."""
        return [
            name
            for name, entry in self.measures.items()
            if self.timed(recording) or not measures.reads_timing(entry.measure)
        ]

    @property
    def compared(self) -> dict[str, str]:
        """Measure that stands for each code in figures and comparisons."""
        compare = self.config.compare
        return {"rate": compare.rate, "timing": compare.timing}

    def codes(self, recording: str) -> dict[str, str]:
        """Do as `compared`, for the codes that a recording has."""
        timed = self.timed(recording)
        return {code: name for code, name in self.compared.items() if timed or code != "timing"}

    def kept(self, sweep: str) -> bool:
        """Whether the trials of a sweep's runs are kept, as they are without a survey."""
        return sweep in self._runs

    def runs(self, sweep: str) -> list[str]:
        """Recording ids of all simulations of a sweep."""
        return list(self._runs.get(sweep, ()))

    def points_of(self, sweep: str) -> list[Point]:
        """Points of all simulations of a sweep, in the order of `runs`."""
        return list(self._runs.get(sweep, {}).values())

    # What the rules make of it

    def drift(self, recording: str, selection: str) -> list[Output]:
        """Similarity matrices, drift curves and indices of one recording and selection."""
        at = {"recording": recording, "selection": selection}
        names = self.measured(recording)
        return [
            *(output("similarity_matrix.matrix", **at, measure=name) for name in names),
            *(output("drift_curves.curves", **at, measure=name) for name in names),
            output("signal_index.index", **at),
        ]

    @property
    def drifts(self) -> list[Output]:
        """Drift files of all recordings, and their tables."""
        made = [
            made
            for name in self.recorded.names
            for selection in self.analyzed(name)
            for made in self.drift(name, selection)
        ]
        tables = [output("index_table.tsv", table="indices"), output("recordings_table.tsv")]
        return made + tables * bool(self.recorded.names)

    @property
    def unit_counts(self) -> list[dict[str, str]]:
        """Recording and selection of all index files whose units are counted."""
        learned = [
            {"recording": run, "selection": entry.index}
            for sweep, entry in self.learning.items()
            for run in self.runs(sweep)
        ]
        return self.indexed("indices") + learned

    @staticmethod
    def indices(rows: Iterable[Mapping[str, str]]) -> list[Output]:
        """Index files of rows with a recording and a selection."""
        return [output("signal_index.index", **row) for row in rows]

    # Params of the rules

    def block(self, path: str = "", *keys: str) -> Any:
        """One block of the configuration with its defaults, or the whole; of it what a rule reads.

        `Options.part` lets the rule's job read nothing else.
        """
        found = reduce(getitem, path.split("."), self._block) if path else self._block
        return {key: found[key] for key in keys} if keys else found

    @property
    def given(self) -> dict[str, Any]:
        """The configuration without options at their defaults."""
        found: dict[str, Any] = self.config.model_dump(mode="json", exclude_defaults=True)
        return found

    def recording(self, wildcards: Any) -> dict[str, Any]:
        """Configuration of a recording; the simulation from which it is made is an input."""
        entry = _entry(self.recordings, wildcards.recording)
        entry["options"] |= self.origins.resolved(wildcards.recording)
        return entry

    def selection(self, wildcards: Any) -> dict[str, Any]:
        """Configuration of a selection, without the recordings for which it is used."""
        return self.selection_entry(wildcards.selection)

    def selection_entry(self, name: str) -> dict[str, Any]:
        """`selection` for a selection by name."""
        found: dict[str, Any] = self.selections[name].model_dump(mode="json", exclude=WHERE_USED)
        return found

    def measure(self, wildcards: Any) -> dict[str, Any]:
        """Configuration of a measure."""
        return _entry(self.measures, wildcards.measure)

    def timing(self, wildcards: Any) -> dict[str, Any]:
        """Configuration of the measure of timing in comparisons."""
        return _entry(self.measures, self.config.compare.timing)

    def sweep(self, wildcards: Any) -> dict[str, Any]:
        """Configuration of a sweep."""
        return _entry(self.sweeps, wildcards.sweep)

    def network(self, wildcards: Any) -> dict[str, Any]:
        """Network of a sweep, or of a simulation, with its options."""
        simulated = wildcards.get("recording")
        name = self.points[simulated].sweep if simulated else wildcards.sweep
        entry = _entry(self.sweeps, name)
        return {key: entry[key] for key in ("network", "options")}

    def files_of(self, wildcards: Any) -> list[str]:
        """The user's own files from which a recording is made."""
        return self.paths_of(wildcards.recording)

    def files_of_point(self, wildcards: Any) -> list[str]:
        """Files that a simulation is read from, or reads."""
        point = self.points[wildcards.recording]
        return [*point.files, *point.shared]

    def sessions(self, wildcards: Any) -> dict[str, list[Output | str]]:
        """Compiled network of a simulation, files that it is read from or reads, its training."""
        point = self.points[wildcards.recording]
        compiled = networks.get(self.sweeps[point.sweep].network).integrate is None
        own: list[Output | str] = [output("build_network.network", sweep=point.sweep)] * compiled
        files = [*own, *self.files_of_point(wildcards)]
        return {"files": files, "trained": [*trainings([point.trained])]}

    def point(self, wildcards: Any) -> dict[str, Any]:
        """Parameters, seed and instance of a simulation, whatever it is called."""
        point = self.points[wildcards.recording]
        return {"parameters": point.parameters, "seed": point.seed, "instance": point.instance}

    def pooled(self, wildcards: Any) -> list[str]:
        """Recordings that a pool joins."""
        return list(self.pools[wildcards.recording])

    def axes(self, sweep: str) -> list[dict[str, Any]]:
        """Axes of a sweep, each with words for figures as its title."""
        axes = self.sweeps[sweep].axes
        return [{**axis.model_dump(mode="json"), "title": axis.words} for axis in axes]

    def labels(self, sweep: str) -> dict[str, Any]:
        """Arguments that figures of a sweep's simulations share, in the order of `runs`."""
        points = self.points_of(sweep)
        return {
            "points": [point.name for point in points],
            "titles": {point.name: point.words for point in points},
            "variants": {point.name: point.variant for point in points},
            "control": next((point.variant for point in points if point.control), None),
            "compare": self.block("compare", "confidence", "min_instances"),
        }

    def seeds(self, *sweeps: str) -> str:
        """Sentence of a caption on instances and seeds."""
        entries = [self.sweeps[sweep] for sweep in sweeps]
        instances, seeds = (
            ", ".join(dict.fromkeys(str(getattr(entry, key)) for entry in entries))
            for key in ("instances", "seed")
        )
        named = "seeds of the sweeps" if len(sweeps) > 1 else "seed of the sweep"
        return (
            f"{instances} network instances a point; {named} {seeds}, of resampling "
            f"{self.config.seed}."
        )


def _entry(entries: dict[str, Any], name: str) -> dict[str, Any]:
    entry: dict[str, Any] = entries[name].model_dump(mode="json")
    return entry
