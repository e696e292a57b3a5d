"""What the workflow has to make for a configuration: names, files, and each rule's params.

The rules in workflow/rules ask this object; it reads no results and imports nothing heavy, since
Snakemake builds it at every start. Methods that take `wildcards` are Snakemake input or params
functions. All that they return is made of builtins: Snakemake compares it between runs.
"""

import hashlib
import itertools
import os
import re
from collections.abc import Iterable
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

from spikedrift.allensdk import AllenSdk
from spikedrift.config.networks import PROJECTIONS
from spikedrift.config.root import Config
from spikedrift.config.selections import WHERE_USED
from spikedrift.config.sweeps import Sweep
from spikedrift.core import plugins
from spikedrift.core.errors import missing, unknown
from spikedrift.core.provenance import versions
from spikedrift.fetch.registry import terms
from spikedrift.networks import registry as networks
from spikedrift.plan import possible
from spikedrift.plan.analyses import Analyses
from spikedrift.plan.comparisons import Comparisons
from spikedrift.plan.digests import Digests
from spikedrift.plan.downloads import Wanted
from spikedrift.plan.figures import FinalFigures
from spikedrift.plan.ground_truth import Truths
from spikedrift.plan.inference import Inferences
from spikedrift.plan.origins import Origins
from spikedrift.plan.plasticity import RuleValidation
from spikedrift.plan.predictions import Foretold
from spikedrift.plan.predictions import read as read_predictions
from spikedrift.plan.recordings import Roster
from spikedrift.plan.report import Report
from spikedrift.plan.surveys import Surveys
from spikedrift.plasticity.parameters import chosen
from spikedrift.similarity import registry as measures
from spikedrift.sources import registry as sources
from spikedrift.sweeps import points as sweeps

ROOT = Path(__file__).parents[3]


def share_library() -> None:
    """Let jobs find this library through PYTHONPATH, on a cluster and under conda too.

    They also find what keeps Python quiet when it is interrupted before a job has begun.
    """
    own = [str(ROOT / "src"), str(ROOT / "workflow" / "interrupts")]
    paths = [*own, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))


def _by_name(entries: Iterable[Any]) -> dict[str, Any]:
    return {entry.name: entry for entry in entries}


class Plan:
    """Files and params of one configuration.

    Parameters
    ----------
    config : Config

    Raises
    ------
    InputError
        Where a recording's options, a sweep's condition or a measure's name does not hold, a
        selection cannot be made, or a `custom_rules` file does not exist.
    """

    registry = ROOT / "resources" / "data-registry.tsv"
    allensdk = AllenSdk()

    def __init__(self, config: Config) -> None:
        plugins.use(config.plugins)
        self.config = config
        # Inputs and params are compared between runs: a moved project is the same project.
        root = Path(os.path.relpath(ROOT))
        self.roster = Roster(config, root)
        self.validation = RuleValidation(config.validation, config.figures.rules, root)
        self.truths = Truths(config.ground_truth)
        self.recordings, self.pools = self.roster.recordings, self.roster.pools
        self.selections = _by_name(config.selections)
        self.measures = _by_name(config.similarity.measures)
        self.sweeps = _by_name(config.sweeps)
        self.learning = {entry.sweep: entry for entry in config.figures.learning}
        self.versions = versions()
        lock = ROOT / "envs" / "core.lock.txt"
        self.lock_sha256 = hashlib.sha256(lock.read_bytes()).hexdigest()
        self._block = config.model_dump(mode="json")
        self._check_names()
        expanded = {sweep.name: sweeps.points(sweep) for sweep in config.sweeps}
        self.rules = {sweep.name: self._rules_of(sweep) for sweep in config.sweeps}
        self.points = {
            point.recording: point
            for sweep in config.sweeps
            if sweep.survey is None
            for point in expanded[sweep.name]
        }
        self.digests = Digests(self.recordings, self.measures, self.sweeps, self.rules, self.points)
        modules = {
            (name, condition): self.digests.network_modules(name, condition)
            for name, by_condition in self.rules.items()
            for condition in by_condition
        }
        self.surveys = Surveys(config, expanded, modules)
        self.options = {name: sources.options(entry) for name, entry in self.recordings.items()}
        self.origins = Origins(self.options, self.points.values())
        self.raw = {name: options.files(name) for name, options in self.options.items()}
        self.wanted = Wanted(config.fetch, self.raw, self.registry)
        self._check_files()
        self.comparisons = Comparisons(
            config,
            self.roster,
            {name: expanded[name] for name in self.sweeps if name not in self.surveys.names},
            self.timed,
            {name: options.doubt() for name, options in self.options.items()}
            | dict.fromkeys(self.pools, "its units are pooled over sessions"),
            self.origins.seeds(),
        )
        self.analyses = Analyses(
            config.analyses,
            self.roster.names,
            {name: [name] for name in self.roster.names}
            | self.roster.cohorts
            | {name: self.runs(name) for name in self.sweeps if name not in self.surveys.names},
            self.analyzed,
        )
        self.inferences = self._inferences()
        possible.check(self)
        self.foretold = Foretold(
            None if config.predictions is None else read_predictions(config.predictions, ROOT),
            self.roster.names,
            self.selections,
            self.analyzed,
            lambda recording, selection: [
                *self.analysis_files(recording, selection),
                *(
                    "results/analyses/{recording}/{selection}/{analysis}.nc".format(**row)
                    for row in self.analyses.rows
                    if (row["recording"], row["selection"]) == (recording, selection)
                ),
            ],
        )
        self.final = FinalFigures(self)
        self.report = Report(self)
        self.custom_rules = [str(Path(path).resolve()) for path in config.custom_rules]

    def _inferences(self) -> Inferences:
        """Recordings grouped by their stimulus, simulations by their point of the sweep."""
        stimulus = {name: name.partition(".")[2] for name in self.recordings}
        members = {name: {name: group} for name, group in stimulus.items()}
        members |= {
            cohort: {name: stimulus[name] for name in names}
            for cohort, names in self.roster.cohorts.items()
        }
        controls: dict[str, dict[str, str]] = {}
        for sweep in self.sweeps:
            if sweep in self.surveys.names:
                continue
            points = {name: self.points[name] for name in self.runs(sweep)}
            members[sweep] = {name: point.name for name, point in points.items()}
            controls[sweep] = sweeps.controls(points.values())
        return Inferences(
            self.config.inference,
            members,
            controls,
            list(self.pools),
            self.analyzed,
            self.analyses.rows,
        )

    @property
    def trials_files(self) -> list[str]:
        """Trials files of all recordings and pools."""
        return [f"results/trials/{name}.nc" for name in self.roster.names]

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

    @staticmethod
    def _rules_of(sweep: Sweep) -> dict[str, list[str]]:
        """Plasticity rules by condition, '' for the sweep's options before a condition sets any.

        Refuses parameters that a rule has not.
        """
        found: dict[str, list[str]] = {}
        looked: dict[tuple[Any, ...], set[str]] = {}  # thousands of points, few rules
        networks = {"": iter([sweep.options])} | {
            condition.name: sweeps.variants(sweep, condition) for condition in sweep.conditions
        }
        for condition, variants in networks.items():
            where = f"config: sweep {sweep.name}" + f", condition {condition}" * bool(condition)
            rules: set[str] = set()
            for options, name in itertools.product(variants, PROJECTIONS):
                own = options.plasticity.of(name)
                kind = (name, own.rule, own.set, tuple(own.parameters), own.also)
                if kind not in looked:
                    looked[kind] = {*chosen(own, f"{where}: plasticity.{name}")}
                rules |= looked[kind]
            found[condition] = sorted(rules)
        return found

    def _check_files(self) -> None:
        """Refuse paths that are not there."""
        for index, path in enumerate(self.config.custom_rules):
            if not Path(path).is_file():
                raise missing(f"config: custom_rules[{index}]", path)
        for name, options in self.options.items():
            for path in {*options.paths(name)} - {*self.origins.files(name)}:
                # A custom rule may make it.
                if not Path(path).is_file() and not self.config.custom_rules:
                    raise missing(f"config: recording {name}", path)

    @staticmethod
    def pattern(names: Iterable[str]) -> str:
        """Regular expression of a wildcard that takes these names only."""
        return "|".join(map(re.escape, names)) or "(?!)"

    # Files: what the public targets ask for, and inputs that depend on wildcards.

    def files_of_recording(self, wildcards: Any) -> list[str]:
        """Files that one recording is made from, fetched ones and the user's own."""
        name = wildcards.source_recording
        fetched = [f"results/raw/{dataset}/{file}" for dataset, file in self.raw[name]]
        made = self.origins.files(name)
        return [*fetched, *(made or self.options[name].paths(name))]

    def pooled(self, wildcards: Any) -> list[str]:
        """Trials files that a pool joins."""
        return [f"results/trials/{name}.nc" for name in self.pools[wildcards.pooled_recording]]

    @property
    def streamed(self) -> list[str]:
        """Recordings whose source reads from the network."""
        return [name for name, options in self.options.items() if options.streamed(name)]

    @property
    def stored(self) -> list[str]:
        """Recordings made from files that are here, or from none."""
        return [name for name, options in self.options.items() if not options.streamed(name)]

    @property
    def sweep_tables(self) -> list[str]:
        """Tables of points, one a sweep."""
        return [f"results/sweeps/{name}.tsv" for name in self.sweeps]

    @property
    def simulated_trials(self) -> list[str]:
        """Trials files of all simulations."""
        return [f"results/trials/{recording}.nc" for recording in self.points]

    def build_of_point(self, wildcards: Any) -> str:
        """Compiled network of a simulation."""
        return f"results/networks/{self.points[wildcards.simulated_recording].sweep}.json"

    def analyzed(self, name: str, sensitivity: bool = False) -> list[str]:
        """Selections that apply to a recording or a sweep."""
        return [
            key
            for key, selection in self.selections.items()
            if self.roster.analyzes(name, selection) and (sensitivity or not selection.sensitivity)
        ]

    @property
    def notices(self) -> list[str]:
        """What the user should know before the run."""
        return [
            *self.roster.notices(self.selections.values()),
            *self.comparisons.notices,
            *self.final.notices,
        ]

    def indexed(self, table: str) -> list[dict[str, str]]:
        """Recording and selection of every row of a table of indices."""
        return [
            {"recording": name, "selection": selection}
            for name in self.roster.names
            for selection in self.analyzed(name, sensitivity=table == "sensitivity")
        ]

    def indices_of(self, wildcards: Any) -> list[str]:
        """Inputs of a table of indices."""
        rows = self.indexed(wildcards.table)
        return [f"results/drift/{row['recording']}/{row['selection']}/index.nc" for row in rows]

    def timed(self, recording: str) -> bool:
        """Whether a recording or a pool has spike times; simulations do."""
        found = map(self.options.get, self.pools.get(recording, [recording]))
        return all(options is None or options.timing for options in found)

    def analysis_files(self, recording: str, selection: str) -> list[str]:
        """Similarity matrices, drift curves and indices of one recording and selection."""
        at, timed = f"{recording}/{selection}", self.timed(recording)
        names = [
            name
            for name, entry in self.measures.items()
            if timed or not measures.reads_timing(entry.measure)
        ]
        return [
            *(f"results/similarity/{at}/{name}.nc" for name in names),
            *(f"results/drift/{at}/{name}.nc" for name in names),
            f"results/drift/{at}/index.nc",
        ]

    @property
    def drift_files(self) -> list[str]:
        """Analysis files of all configured recordings."""
        return [
            path
            for name in self.roster.names
            for selection in self.analyzed(name)
            for path in self.analysis_files(name, selection)
        ] + ["results/drift/indices.tsv", "results/recordings.tsv"] * bool(self.roster.names)

    def runs(self, sweep: str) -> list[str]:
        """Recording ids of all simulations of a sweep."""
        return [name for name, point in self.points.items() if point.sweep == sweep]

    def learned(self, wildcards: Any) -> dict[str, list[str]]:
        """Inputs of the learning figure of a sweep."""
        entry = self.learning[wildcards.sweep]
        runs, matrices = self.runs(wildcards.sweep), self.config.matrices_of(entry)
        return {
            key: [f"results/similarity/{name}/{matrices}/{file}.nc" for name in runs]
            for key, file in (
                ("rate", self.config.compare.rate),
                ("timing", self.config.compare.timing),
            )
        } | {"index": [f"results/drift/{name}/{entry.index}/index.nc" for name in runs]}

    def matrices_drawn(self, wildcards: Any) -> dict[str, str]:
        """Inputs of the figure of similarity matrices: rate, and timing where there is one."""
        return self._drawn("similarity", wildcards)

    def curves_drawn(self, wildcards: Any) -> dict[str, str]:
        """Inputs of the figure of drift curves: rate, and timing where there is one."""
        return self._drawn("drift", wildcards)

    def _drawn(self, folder: str, wildcards: Any) -> dict[str, str]:
        shown = {"rate": self.config.compare.rate}
        if self.timed(wildcards.recording):
            shown["timing"] = self.config.compare.timing
        at = f"results/{folder}/{wildcards.recording}/{wildcards.selection}"
        return {code: f"{at}/{measure}.nc" for code, measure in shown.items()}

    @property
    def figure_files(self) -> list[str]:
        """All figures of this configuration, as PDF."""
        stems = [
            f"{figure}.{recording}.{selection}"
            for recording in self.roster.names
            for selection in self.analyzed(recording)
            for figure in ("raster", "matrices", "drift_curves")
        ]
        stems += [f"learning.{sweep}" for sweep in self.learning]
        stems += [f"scores.{comparison}" for comparison in self.comparisons.entries]
        stems += [f"comparators.{name}" for name in self.comparisons.having("structure")]
        stems += [f"animals.{group}" for group in self.comparisons.groups]
        stems += [f"structure_animals.{group}" for group in self.comparisons.structured]
        stems += [f"survey.{sweep}" for sweep in self.surveys.names]
        return [*self.final.files, *(f"results/figures/{stem}.pdf" for stem in stems)]

    @property
    def results(self) -> list[str]:
        """Everything but what is said of it: figures, and the numbers behind them."""
        return [
            *self.figure_files,
            *self.drift_files,
            *self.analyses.files,
            *self.inferences.files,
            *self.comparisons.files,
            *self.foretold.files,
            *self.surveys.files,
        ]

    @property
    def unit_counts(self) -> list[dict[str, str]]:
        """Recording, selection and index file of all whose units are counted."""
        rows = self.indexed("indices")
        rows += [
            {"recording": run, "selection": entry.index}
            for sweep, entry in self.learning.items()
            for run in self.runs(sweep)
        ]
        at = "results/drift/{recording}/{selection}/index.nc"
        return [{**row, "path": at.format(**row)} for row in rows]

    @property
    def given(self) -> dict[str, Any]:
        """The configuration without what is left at its default."""
        found: dict[str, Any] = self.config.model_dump(mode="json", exclude_defaults=True)
        return found

    # Params of the rules

    def block(self, path: str = "", *keys: str) -> Any:
        """One block of the configuration with its defaults, or the whole; of it what a rule reads.

        `Options.part` lets the rule's job read nothing else.
        """
        found = reduce(getitem, path.split("."), self._block) if path else self._block
        return {key: found[key] for key in keys} if keys else found

    def recording(self, wildcards: Any) -> dict[str, Any]:
        """Configuration of a recording, with the file of the simulation that it is made from."""
        name = wildcards.source_recording
        entry = self._entry(self.recordings, name)
        entry["options"] |= self.origins.resolved(name)
        return entry

    def terms(self, wildcards: Any) -> dict[str, str]:
        """Citation and licence of the public files that a recording is made from."""
        names = [f"{dataset}/{file}" for dataset, file in self.raw[wildcards.source_recording]]
        return terms(self.wanted.files[name] for name in names)

    def selection(self, wildcards: Any) -> dict[str, Any]:
        """Configuration of a selection, without where it is used."""
        return self.selection_entry(wildcards.selection)

    def selection_entry(self, name: str) -> dict[str, Any]:
        """Do as `selection`, by name."""
        return self.selections[name].model_dump(mode="json", exclude=WHERE_USED)

    def measure(self, wildcards: Any) -> dict[str, Any]:
        """Configuration of a measure."""
        return self._entry(self.measures, wildcards.measure)

    def sweep(self, wildcards: Any) -> dict[str, Any]:
        """Configuration of a sweep."""
        return self._entry(self.sweeps, wildcards.sweep)

    def _sweep_of(self, wildcards: Any) -> str:
        """Name of the sweep that wildcards speak of, by name or by one of its simulations."""
        simulated = wildcards.get("simulated_recording")
        return self.points[simulated].sweep if simulated else str(wildcards.sweep)

    def network(self, wildcards: Any) -> dict[str, Any]:
        """Network of a sweep, or of a simulation, with its options."""
        entry = self._entry(self.sweeps, self._sweep_of(wildcards))
        return {key: entry[key] for key in ("network", "options")}

    def conditions(self, wildcards: Any) -> list[dict[str, Any]]:
        """Point, title, condition and role of every simulation of a sweep, in order of `runs`."""
        points = [self.points[name] for name in self.runs(wildcards.sweep)]
        return [
            {
                "point": point.name,
                "title": point.words,
                "condition": point.condition,
                "control": point.control,
            }
            for point in points
        ]

    def point(self, wildcards: Any) -> dict[str, Any]:
        """What tells a simulation from the others of its sweep, whatever it is called."""
        point = self.points[wildcards.simulated_recording]
        return {"parameters": point.parameters, "seed": point.seed, "instance": point.instance}

    @staticmethod
    def _entry(entries: dict[str, Any], name: str) -> dict[str, Any]:
        entry: dict[str, Any] = entries[name].model_dump(mode="json")
        return entry
