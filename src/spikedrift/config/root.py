"""The whole configuration of a run."""

from collections.abc import Sequence
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from spikedrift.config.analyses import AnalysisEntry
from spikedrift.config.base import LONGEST_NAME, Location, Options, repeated
from spikedrift.config.compare import Compare, Comparison
from spikedrift.config.drift import DriftOptions
from spikedrift.config.fetch import FetchOptions
from spikedrift.config.figures import Figures, LearningFigure
from spikedrift.config.ground_truth import GroundTruth
from spikedrift.config.inductions import Validation
from spikedrift.config.inference import Inference
from spikedrift.config.posterior import Posterior
from spikedrift.config.recordings import Cohort, Pool, Recording
from spikedrift.config.recovery import Recovery
from spikedrift.config.reproduction import Reproduction
from spikedrift.config.selections import Selection
from spikedrift.config.similarity import SimilarityOptions
from spikedrift.config.sweeps import Sweep
from spikedrift.core import plugins
from spikedrift.core.errors import unknown

# Keys of an entry that name an entry of another list, or several.
REFERENCES = {
    "sweep": "sweeps",
    "sweeps": "sweeps",
    "selection": "selections",
    "model_selection": "selections",
    "matrices": "selections",
    "index": "selections",
}


class Config(Options):
    """Keys of the config file.

    Recordings, selections, measures, analyses, sweeps and comparisons are lists of named entries,
    so that a second config file replaces them instead of adding to them.
    """

    seed: int = Field(1, ge=0, description="every random draw of the run comes from this number")
    fetch: FetchOptions = Field(FetchOptions(), description="where public files come from")
    recordings: list[Recording] = Field([], description="recordings, real and synthetic")
    cohorts: list[Cohort] = Field([], description="recordings of many sessions, by a table")
    pools: list[Pool] = Field([], description="units of several recordings side by side")
    selections: list[Selection] = Field(
        [Selection(name="all")], min_length=1, description="which units and trials are analyzed"
    )
    similarity: SimilarityOptions = Field(SimilarityOptions(), description="measures")
    drift: DriftOptions = Field(DriftOptions(), description="curves and indices")
    analyses: list[AnalysisEntry] = Field(
        [], description="analyses beyond curves and indices, each with a figure"
    )
    inference: list[Inference] = Field(
        [], description="tables of indices and statistics over animals or network instances"
    )
    plugins: list[Location] = Field(
        [],
        validate_default=True,
        description="folders with plug-ins of your own, relative to the working directory; by kind "
        "in sub-folders: measures, analyses, figures, rules, cells, protocols, networks, sources, "
        "comparators",
    )
    sweeps: list[Sweep] = Field([], description="simulated networks")
    comparisons: list[Comparison] = Field(
        [], description="which sweeps are compared with which recordings"
    )
    compare: Compare = Field(Compare(), description="scores and noise ceilings")
    recovery: Recovery = Field(
        Recovery(), description="whether comparisons could distinguish their variants"
    )
    posteriors: list[Posterior] = Field(
        [], description="parameters of families of models, given a recording (target `posterior`)"
    )
    predictions: Location | None = Field(
        "config/predictions.yaml",
        description="file of the model's predictions for recordings, written before looking; a "
        "relative path starts at the working directory, else at the project; null: none",
    )
    validation: Validation = Field(
        Validation(), description="plasticity rules against published values"
    )
    reproduction: Reproduction = Field(
        Reproduction(), description="published networks against published values"
    )
    ground_truth: GroundTruth = Field(
        GroundTruth(), description="measures against recordings whose drift is known"
    )
    figures: Figures = Field(Figures(), description="how figures are drawn")
    custom_rules: list[Location] = Field(
        [], description="your own rule files (.smk), relative to the working directory"
    )

    @field_validator("plugins")
    @classmethod
    def _in_use(cls, folders: list[str]) -> list[str]:
        """Find plug-ins from here on: the options of a network are checked by its file."""
        plugins.use(folders)
        return folders

    def matrices_of(self, learned: LearningFigure) -> str | None:
        """Selection whose matrices a figure of learning shows; None where there is none."""
        if learned.matrices is not None:
            return learned.matrices
        return next(
            (
                selection.name
                for selection in self.selections
                if {"naive", "block"} <= set(selection.phases)
                and learned.sweep in (selection.recordings or [learned.sweep])
            ),
            None,
        )

    @model_validator(mode="after")
    def _names(self) -> Self:
        """Check that names are unique and that every name that is used is known."""
        named: dict[str, Sequence[Any]] = {
            "recordings": [*self.recordings, *self.pools],
            "cohorts": self.cohorts,
            "selections": self.selections,
            "similarity.measures": self.similarity.measures,
            "analyses": self.analyses,
            "inference": self.inference,
            "sweeps": self.sweeps,
            "comparisons": self.comparisons,
            "posteriors": self.posteriors,
        }
        known: dict[str, list[str]] = {}
        for block, entries in named.items():
            known[block] = [entry.name for entry in entries]
            if twice := repeated(known[block]):
                raise ValueError(f"{block}[{twice[0]}].name: {twice[1]!r} is used twice")
            for index, name in enumerate(known[block]):
                if len(name) > LONGEST_NAME:
                    raise ValueError(
                        f"{block}[{index}].name: {len(name)} characters, {LONGEST_NAME} are the "
                        "most in a name of files"
                    )
        if not (self.recordings or self.cohorts or self.sweeps):
            raise ValueError("recordings: missing, and there are no cohorts and no sweeps either")
        if "index" in known["similarity.measures"]:
            raise ValueError(
                "similarity.measures: the name 'index' is taken by the signal indices; give another"
            )
        uses: dict[str, tuple[Sequence[Any], dict[str, str]]] = {
            "comparisons": (self.comparisons, {**REFERENCES, "cohort": "cohorts"}),
            "posteriors": (self.posteriors, REFERENCES),
            "pools": (self.pools, {"cohort": "cohorts"}),
            "figures.learning": (self.figures.learning, REFERENCES),
        }
        for place, (entries, references) in uses.items():
            for index, entry in enumerate(entries):
                for key, block in references.items():
                    value = getattr(entry, key, None)
                    for one in value if isinstance(value, tuple) else [value]:
                        if one is not None and one not in known[block]:
                            raise unknown(
                                f"{place}[{index}].{key}: not among {block}:", one, known[block]
                            )
        for index, learned in enumerate(self.figures.learning):
            if self.matrices_of(learned) is None:
                sweep = learned.sweep
                raise ValueError(
                    f"figures.learning[{index}].matrices: no selection of {sweep} keeps the phases "
                    "naive and block; add one to `selections`: "
                    f"{{name: with-naive, phases: [naive, block], recordings: [{sweep}]}}"
                )
        for key in ("rate", "timing"):  # the two measures that figures and comparisons read
            value, measures = getattr(self.compare, key), known["similarity.measures"]
            if value not in measures:
                raise unknown(f"compare.{key}: not among similarity.measures:", value, measures)
        return self
