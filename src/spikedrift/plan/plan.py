"""Plan of a configuration: names of the files to make, and params of each rule.

The rules in workflow/rules ask this object; it reads no results and imports nothing heavy, since
Snakemake builds it at every start. Methods that take `wildcards` are Snakemake input or params
functions. Files are named by the rule that makes them (`spikedrift.plan.outputs`); their paths
stand in the rules.
"""

import os
from itertools import chain
from pathlib import Path
from typing import Any

from spikedrift.allensdk import AllenSdk
from spikedrift.bayesflow import BAYESFLOW
from spikedrift.config.root import Config
from spikedrift.core.provenance import versions
from spikedrift.fetch.registry import terms
from spikedrift.plan import possible, study_figures, surroundings
from spikedrift.plan.analyses import Analyses
from spikedrift.plan.comparisons import Comparisons
from spikedrift.plan.digests import Plugins
from spikedrift.plan.downloads import Downloads, fetched
from spikedrift.plan.figures import Figures, drawn
from spikedrift.plan.final import FinalFigures
from spikedrift.plan.ground_truth import Truths
from spikedrift.plan.inference import inferences
from spikedrift.plan.outputs import Output, trials
from spikedrift.plan.plasticity import RuleValidation
from spikedrift.plan.posteriors import Posteriors
from spikedrift.plan.predictions import Preregistered
from spikedrift.plan.predictions import read as read_predictions
from spikedrift.plan.report import Report
from spikedrift.plan.reproduction import Reproduced
from spikedrift.plan.study import Study
from spikedrift.plan.surveys import Surveys
from spikedrift.plan.trainings import Trainings

ROOT = Path(__file__).parents[3]


def share_library() -> None:
    """Let jobs find this library through PYTHONPATH, on a cluster and under conda too.

    They also find the module that Python reads first of all (workflow/start).
    """
    own = [str(ROOT / "src"), str(ROOT / "workflow" / "start")]
    paths = [*own, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))


class Plan:
    """What one configuration makes, by topic.

    Parameters
    ----------
    config : Config
    trials : str
        Path of a trials file, with `{recording}`, since a recording may be made from one.
    raw : str
        Folder of the files of public data sets; those that are there are not fetched.

    Raises
    ------
    InputError
        Where a recording's options, a sweep's variant or a measure's name does not hold, a
        selection cannot be made, or a `custom_rules` file does not exist.
    """

    registry = ROOT / "resources" / "data-registry.tsv"
    allensdk = AllenSdk()
    bayesflow = BAYESFLOW

    def __init__(self, config: Config, trials: str, raw: str) -> None:
        self.config = config
        # Inputs and params are compared between runs: relative paths let a project be moved.
        root = Path(os.path.relpath(ROOT))
        self.study = Study(config, root, trials)
        self.plugins = Plugins(self.study)
        self.validation = RuleValidation(config.validation, config.figures.rules, root)
        self.reproduction = Reproduced(config.reproduction)
        self.truths = Truths(config.ground_truth)
        self.surveys = Surveys(self.study)
        self.trainings = Trainings(self.study)
        self.downloads = Downloads(config.fetch, self.study.raw, self.registry, Path(raw))
        self.comparisons = Comparisons(self.study)
        self.posteriors = Posteriors(self.study, self.comparisons)
        self.analyses = self._analyses()
        self.inferences = inferences(self.study, self.analyses.rows)
        possible.check(self.study, self.comparisons)
        self.preregistered = Preregistered(
            None if config.predictions is None else read_predictions(config.predictions, ROOT),
            self.study.recorded.names,
            self.study.selections,
            self.study.analyzed,
            self._made,
        )
        self.final = FinalFigures(self.study, self.comparisons)
        self.report = Report(self.study, self.comparisons, self.final)
        self.shown = [
            *self.final.figures,
            *study_figures.of_recordings(self.study),
            *study_figures.of_learning(self.study),
            *self.comparisons.figures,
            *self.surveys.figures,
            *self.trainings.figures,
        ]
        others = (
            self.analyses, self.inferences, self.validation, self.reproduction, self.truths,
            self.posteriors,
        )  # fmt: skip
        more = chain.from_iterable(topic.figures for topic in others)
        self.figures = Figures([*self.shown, *more], self.study.block)
        self.custom_rules = [str(Path(path).resolve()) for path in config.custom_rules]
        self.versions = versions()
        self.locks = surroundings.locks(ROOT)

    def check(self) -> None:
        """Refuse what only all points of all sweeps tell; jobs make their own alone.

        Raises
        ------
        InputError
            For a point that does not hold, or is the same network as another.
        """
        self.study.check_points()

    def _analyses(self) -> Analyses:
        """Analyses of recordings, pools, cohorts and simulations."""
        study = self.study
        return Analyses(
            self.config.analyses,
            study.recorded.names,
            {name: [name] for name in study.recorded.names}
            | study.recorded.cohorts
            | {name: study.runs(name) for name in study.sweeps if study.kept(name)},
            study.analyzed,
        )

    def _made(self, recording: str, selection: str) -> list[Output]:
        """All files that are measured from one recording and selection."""
        at = (recording, selection)
        analyzed = zip(self.analyses.rows, self.analyses.results, strict=True)
        return [
            *self.study.drift(recording, selection),
            *(made for row, made in analyzed if (row["recording"], row["selection"]) == at),
        ]

    @property
    def notices(self) -> list[str]:
        """Lines that the user should read before the run."""
        return [
            *self.study.recorded.notices(self.study.selections.values()),
            *self.comparisons.notices,
            *self.final.notices,
        ]

    @property
    def results(self) -> list[Output]:
        """All files except the pages of the report: figures, and the numbers behind them."""
        return [
            *drawn(self.shown),
            *self.study.drifts,
            *drawn(self.analyses.figures),
            *self.analyses.made,
            *self.inferences.made,
            *drawn(self.inferences.figures),
            *self.comparisons.made,
            *self.posteriors.made,
            *drawn(self.posteriors.figures),
            *self.preregistered.made,
            *self.surveys.made,
        ]

    def files_of(self, wildcards: Any) -> list[Output | str]:
        """Files from which one recording is made, fetched ones and the user's own."""
        name = wildcards.recording
        return [
            *(fetched(f"{dataset}/{file}") for dataset, file in self.study.raw[name]),
            *map(trials, self.study.origins.runs(name)),
            *self.study.paths_of(name),
        ]

    def terms(self, wildcards: Any) -> dict[str, str]:
        """Citation and license of the public files from which a recording is made."""
        names = [f"{dataset}/{file}" for dataset, file in self.study.raw[wildcards.recording]]
        return terms(self.downloads.files[name] for name in names)
