"""Files and params of the comparisons of a configuration.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from collections.abc import Iterable
from typing import Any

from spikedrift.config.compare import MIN_ANIMALS, Comparison
from spikedrift.core import plugins
from spikedrift.core.errors import InputError, unknown
from spikedrift.plan import alike
from spikedrift.plan.figures import Figure
from spikedrift.plan.outputs import Output, output, trials
from spikedrift.plan.study import Study
from spikedrift.sweeps.points import labels, told_apart
from spikedrift.sweeps.rows import instance_seeds

COMPARATORS = "spikedrift.rsa.comparators"
LAGGED = "step_to_drop"  # over the lags that pairs within blocks and between them both have


class Comparisons:
    """Entries of `comparisons`, each of one recording; files and params of their rules.

    Parameters
    ----------
    study : Study

    Attributes
    ----------
    entries : dict of str -> Comparison
        By file of the results: `{comparison}`, or `{comparison}.{recording}` where an entry names
        several.
    groups : dict of comparison -> list of str
        Entries that are taken together over animals.
    notices : list of str
        Files that are not made, and why.

    Raises
    ------
    InputError
        For a comparator that does not exist, a recording that no comparison can rest on or that is
        one of the networks with which it is compared, sweeps that do not show trials alike, or
        where no recording of a cohort has the units of the selection.
    """

    def __init__(self, study: Study) -> None:
        self._study, self._recorded = study, study.recorded
        self._compare = study.config.compare
        self.entries: dict[str, Comparison] = {}
        self.groups: dict[str, list[str]] = {}
        self.notices: list[str] = []
        known = plugins.names(COMPARATORS)
        for name in self._compare.structure.comparators:
            if name not in known:
                where = "config: compare.structure.comparators: unknown comparator"
                raise unknown(where, name, known)
        for index, entry in enumerate(study.config.comparisons):
            where = f"config: comparisons[{index}]"
            alike.check(study, entry, where)
            self._check_matched(entry, where)
            self.notices += alike.shared_seeds(study, entry)
            key, members = self._members(entry, where)
            for one in members.values():
                self.check(one, where, key)
            self.entries |= members
            if entry.recording is None and len(members) >= MIN_ANIMALS:
                self.groups[entry.name] = list(members)
            elif entry.recording is None:
                self.notices.append(
                    f"comparison {entry.name}: {len(members)} recordings, leaving animals out "
                    f"needs {MIN_ANIMALS}; each is scored by itself"
                )

    def _members(self, entry: Comparison, where: str) -> tuple[str, dict[str, Comparison]]:
        """Key that names the recordings, and one entry for each recording."""
        if entry.recording is not None:
            return "recording", {entry.name: entry}
        key, names = "recordings", list(entry.recordings or ())
        if entry.cohort is not None:
            key, selection = "cohort", self._study.selections[entry.selection]
            of_cohort = self._recorded.cohorts.get(entry.cohort, [])
            names = [name for name in of_cohort if self._recorded.analyzes(name, selection)]
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

    def check(self, entry: Comparison, where: str, key: str) -> None:
        """Refuse, before anything is simulated, a recording that cannot be held against the sweeps.

        Parameters
        ----------
        entry : Comparison
            With one recording.
        where, key : str
            Its place in the configuration, and the key that names its recording.

        Raises
        ------
        InputError
            Saying what is wrong with the recording.
        """
        self._check(entry, where, key)
        self._check_apart(entry, where, key)

    def _check(self, entry: Comparison, where: str, key: str) -> None:
        """Refuse a recording that no comparison can rest on."""
        recording, known = str(entry.recording), self._recorded.names
        if recording not in known:
            raise unknown(f"{where}.{key}: not among recordings:", recording, known)
        for control in entry.out_of_model:
            if control not in self._recorded.recordings:
                raise unknown(
                    f"{where}.out_of_model: not among recordings:",
                    control,
                    self._recorded.recordings,
                )
        if not self._study.timed(recording):
            raise InputError(
                f"{where}.{key}: {recording} holds two-photon events; comparisons need spike timing"
            )
        if (caveat := self._study.caveat(recording)) and self._compare.assumed_order == "refuse":
            raise InputError(
                f"{where}.{key}: {recording} is not compared with models, {caveat}; set "
                "compare.assumed_order to describe for a comparison without inference"
            )

    def _check_matched(self, entry: Comparison, where: str) -> None:
        """Refuse a statistic that runs of matched speed do not have."""
        for sweep in entry.models:
            survey = self._study.sweeps[sweep].survey
            if survey and survey.match is not None and LAGGED in self._compare.statistics:
                raise InputError(
                    f"{where}: sweep {sweep} matches speed (survey.match): blocks that are no "
                    f"neighbors share no lag with pairs within, so that {LAGGED} is not defined; "
                    f"leave {LAGGED} out of compare.statistics"
                )

    def _check_apart(self, entry: Comparison, where: str, key: str) -> None:
        """Refuse a recording whose network shares random draws with a run in its comparison.

        Runs of one seed and instance share wiring, patterns and noise in every variant.
        """
        seeds = self._study.origins.seeds()
        taken = {
            seed: sweep
            for sweep in reversed(entry.models)
            for seed in instance_seeds(self._study.sweeps[sweep])
        }
        for place, recording in (
            (key, str(entry.recording)),
            *(("out_of_model", one) for one in entry.out_of_model),
        ):
            for member in self._recorded.pools.get(recording, [recording]):
                if seeds.get(member) in taken:
                    seed, _, instance = seeds[member].partition(".")
                    raise InputError(
                        f"{where}.{place}: {member} is made from a network of seed {seed}, "
                        f"instance {instance}, which shares wiring, patterns and noise with runs "
                        f"of sweep {taken[seeds[member]]}; simulate it in a sweep of another seed"
                    )

    def _kept(self, entry: Comparison) -> list[str]:
        """Sweeps whose runs keep trials, as those of a survey do not."""
        return [sweep for sweep in entry.models if self._study.kept(sweep)]

    def _runs(self, entry: Comparison) -> list[str]:
        """Recording ids of all simulations of these."""
        return [run for sweep in self._kept(entry) for run in self._study.runs(sweep)]

    def surveyed(self, entry: Comparison) -> list[str]:
        """Sweeps on the model side that have a survey, which keeps no trials."""
        return [sweep for sweep in entry.models if not self._study.kept(sweep)]

    # Files

    @property
    def made(self) -> list[Output]:
        """All files of all comparisons."""
        return [
            *(_scores(name) for name in self.entries),
            *(output("compare_animals.scores", compared_group=name) for name in self.groups),
            *(_structure(name) for name in self.structures),
            *(
                output("structure_animals.structure", compared_group=name)
                for name in self.structured
            ),
            *(_recovery(name) for name in self.recoveries),
        ]

    def made_of(self, name: str) -> dict[str, Output | list[Output]]:
        """Files of one comparison: scores, and matrices and recovery where they are made."""
        found: dict[str, Output | list[Output]] = {"scores": _scores(name)}
        if name in self.structures:
            found["structure"] = _structure(name)
        if name in self.recoveries:
            found["recovery"] = _recovery(name)
        return found

    @property
    def structures(self) -> list[str]:
        """Comparisons that also compare matrices: those whose runs keep trials."""
        return [name for name, entry in self.entries.items() if not self.surveyed(entry)]

    @property
    def recoveries(self) -> list[str]:
        """Comparisons whose variants are recovered: those with several rules and instances."""

        def enough(entry: Comparison) -> bool:
            sweeps = [self._study.sweeps[name] for name in entry.models]
            instances = min(sweep.instances for sweep in sweeps)
            return sum(len(sweep.variants) for sweep in sweeps) > 1 and instances > 2

        return [name for name, entry in self.entries.items() if enough(entry)]

    @property
    def structured(self) -> list[str]:
        """Groups whose matrices are taken together over animals: those whose runs keep trials."""
        return [name for name, of in self.groups.items() if not self.surveyed(self.entries[of[0]])]

    @property
    def figures(self) -> list[Figure]:
        """Figures of all comparisons, beside the final ones."""

        def figure(module: str, of: str, made: Output, words: str, kind: str) -> Figure:
            labels = {"comparison": of, "figure": words}
            return Figure(
                f"{module}.{of}",
                module,
                "Comparison",
                labels,
                {kind: made},
                caption=f"Comparison {of}.",
            )

        of_families = self.recoveries if self._study.config.recovery.families else []
        return [
            *(figure("scores", one, _scores(one), "scores", "scores") for one in self.entries),
            *(
                Figure(
                    f"families.{one}",
                    "families",
                    "Comparison",
                    {"comparison": one, "figure": "families"},
                    {"recovery": _recovery(one), "scores": _scores(one)},
                    caption=f"Families of models in comparison {one}.",
                )
                for one in of_families
            ),
            *(
                figure("comparators", one, _structure(one), "comparators", "structure")
                for one in self.structures
            ),
            *(
                figure(
                    "animals",
                    one,
                    output("compare_animals.scores", compared_group=one),
                    "animals left out",
                    "scores",
                )
                for one in self.groups
            ),
            *(
                figure(
                    "structure_animals",
                    one,
                    output("structure_animals.structure", compared_group=one),
                    "matrices over animals",
                    "structure",
                )
                for one in self.structured
            ),
        ]

    def inputs(self, wildcards: Any) -> dict[str, list[Output]]:
        """Files of the recording, and surveys or those of every simulation of the sweeps."""
        entry = self.entries[wildcards.comparison]
        data = self._drift([str(entry.recording)], entry.selection)
        if surveyed := self.surveyed(entry):
            data["survey"] = [output("collect_survey.data", sweep=sweep) for sweep in surveyed]
        if runs := self._runs(entry):
            models = self._drift(runs, entry.model_selection)
            data |= {f"model_{key}": files for key, files in models.items()}
        return data

    def _drift(self, recordings: Iterable[str], selection: str) -> dict[str, list[Output]]:
        """Drift files that a comparison reads, in the order of the recordings."""
        at = [{"recording": name, "selection": selection} for name in recordings]
        return {
            code: [output("drift_curves.curves", **one, measure=measure) for one in at]
            for code, measure in self._study.compared.items()
        } | {
            "index": [output("signal_index.index", **one) for one in at],
            "profile": [output("profile.profile", **one) for one in at],
        }

    def trials(self, wildcards: Any) -> dict[str, list[Output]]:
        """Trials of the recording and of every simulation."""
        entry = self.entries[wildcards.comparison]
        models = [trials(run) for run in self._runs(entry)]
        return {"trials": [trials(str(entry.recording))], "models": models}

    def recovered(self, wildcards: Any) -> dict[str, list[Output]]:
        """Scores, and files of the recording and out-of-model controls."""
        entry = self.entries[wildcards.comparison]
        seen = self._drift([str(entry.recording), *entry.out_of_model], entry.selection)
        return {"scores": [_scores(entry.name)], **seen}

    def animals(self, wildcards: Any) -> list[Output]:
        """Scores that are taken together over animals."""
        return [_scores(name) for name in self.groups[wildcards.compared_group]]

    def structures_of(self, wildcards: Any) -> list[Output]:
        """Comparisons of matrices that are taken together over animals."""
        return [_structure(name) for name in self.groups[wildcards.compared_group]]

    # Params

    @property
    def scored(self) -> dict[str, Any]:
        """Options of the scores, without those of matrices and the measures, which are files."""
        return self._compare.model_dump(mode="json", exclude={"structure", "rate", "timing"})

    def sweeps(self, wildcards: Any) -> list[str]:
        """Names of the sweeps of a comparison."""
        return list(self.entries[wildcards.comparison].models)

    def points(self, wildcards: Any) -> list[dict[str, Any]]:
        """Label of the point of every simulation that is compared, in order; none of a survey."""
        entry = self.entries[wildcards.comparison]
        return [
            told_apart(label, sweep) if len(entry.models) > 1 else label
            for sweep in self._kept(entry)
            for label in labels(self._study.points_of(sweep))
        ]

    def selections(self, wildcards: Any) -> dict[str, dict[str, Any]]:
        """Configuration of the selections on both sides of a comparison."""
        entry = self.entries[wildcards.comparison]
        return {
            "trials": self._study.selection_entry(entry.selection),
            "models": self._study.selection_entry(entry.model_selection),
        }

    def comparators(self, wildcards: Any) -> list[str]:
        """Modules of the comparators of matrices."""
        return [f"{COMPARATORS}.{name}" for name in self._compare.structure.comparators]


def _scores(name: str) -> Output:
    return output("compare_sweep.scores", comparison=name)


def _structure(name: str) -> Output:
    return output("compare_structure.structure", comparison=name)


def _recovery(name: str) -> Output:
    return output("recover.recovery", comparison=name)
