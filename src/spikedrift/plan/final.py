"""The final figures: their inputs, and those that a configuration cannot have, with reasons.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from collections.abc import Mapping
from typing import Any

from spikedrift.core.errors import unknown
from spikedrift.plan.comparisons import Comparisons
from spikedrift.plan.figures import Figure, drawn
from spikedrift.plan.outputs import Output, output, trials
from spikedrift.plan.study import Study
from spikedrift.plan.study_figures import RASTER, learned

SHOWN = 2  # recordings side by side
_OPENED = (5, 1, 4, 6, 3, 2)  # order of choice of the headline figure among those that are made


class FinalFigures:
    """The final figures of a configuration.

    Parameters
    ----------
    study : Study
    comparisons : Comparisons

    Attributes
    ----------
    figures : list of Figure
    numbers : dict of file -> number of the figure
    omitted : dict of figure -> why it is left out

    Raises
    ------
    InputError
        For a recording of `figures.recordings` that does not exist.
    """

    def __init__(self, study: Study, comparisons: Comparisons) -> None:
        self._study, self._comparisons = study, comparisons
        self._options = study.config.figures
        self.omitted: dict[str, str] = {}
        self.figures: list[Figure] = []
        self.numbers: dict[str, int] = {}
        self._recordings()
        self._plasticity_rules()
        self._networks()
        self._compared()

    def _add(
        self,
        number: int,
        module: str,
        title: str,
        category: str,
        about: dict[str, str],
        inputs: Mapping[str, Output | list[Output]],
        arguments: dict[str, Any],
        caption: str,
        *,
        subject: str = "",
        reads: tuple[str, ...] = (),
    ) -> None:
        file = f"final/{number}_{module}" + f".{subject}" * bool(subject)
        # The figure's name comes first, or the report would fold two figures of one sweep into one.
        labels = {"figure": f"Figure {number}: {title}", **about}
        self.numbers[file] = number
        self.figures.append(
            Figure(
                file,
                f"final.{module}",
                category,
                labels,
                inputs,
                arguments,
                reads,
                caption,
            )
        )

    def _omit(self, number: int, title: str, why: str) -> None:
        self.omitted[f"{number} ({title})"] = why

    def _recordings(self) -> None:
        """Figure 1: the recordings that are named, or the first ones, and the indices of all."""
        study, known = self._study, self._study.recorded.names
        for index, name in enumerate(self._options.recordings or ()):
            if name not in known:
                where = f"config: figures.recordings[{index}]: not among recordings:"
                raise unknown(where, name, known)
        analyzed = {name: found[0] for name in known if (found := study.analyzed(name))}
        shown = [n for n in self._options.recordings or analyzed if n in analyzed][:SHOWN]
        if not shown:
            self._omit(1, "recordings", "no recording is analyzed")
            return

        def at(name: str) -> dict[str, str]:
            return {"recording": name, "selection": analyzed[name]}

        def matrices(names: list[str], measure: str) -> list[Output]:
            return [output("similarity_matrix.matrix", **at(n), measure=measure) for n in names]

        compare = study.config.compare
        inputs = {
            "trials": [trials(name) for name in shown],
            "rate_matrix": matrices(shown, compare.rate),
            "index": [
                output("signal_index.index", **at(name))
                for name in dict.fromkeys([*shown, *analyzed])
            ],
        }
        if timed := [name for name in shown if study.timed(name)]:
            inputs["timing_matrix"] = matrices(timed, compare.timing)
        self._add(
            1,
            "recordings",
            "recordings",
            "Data",
            {"recording": ", ".join(shown), "selection": analyzed[shown[0]]},
            inputs,
            {
                "selections": {name: study.selection_entry(analyzed[name]) for name in shown},
                "seed": study.config.seed,
            },
            f"Shown: {len(shown)} of {len(analyzed)} recordings.",
            reads=RASTER,
        )

    def _plasticity_rules(self) -> None:
        """Figure 2: the protocols that the configuration names."""
        panels = self._options.rules
        if not panels:
            self._omit(2, "plasticity rules", "figures.rules names no protocol")
            return
        seed = self._study.config.validation.seed
        rules = ", ".join(dict.fromkeys(panel.rule for panel in panels))
        self._add(
            2,
            "plasticity_rules",
            "plasticity rules",
            "Rules",
            {"rule": rules},
            {"table": output("induce_shown.tsv")},
            {"seed": seed},
            f"{len(panels)} protocols, seed of random spikes {seed}.",
        )

    def _networks(self) -> None:
        """Figures 3 and 4: the first sweep whose learning is drawn."""
        study = self._study
        if not study.learning:
            surveyed = ", ".join(name for name in study.sweeps if not study.kept(name))
            why = "figures.learning names no sweep"
            if surveyed:
                why += f" ({surveyed}: a survey keeps no trials)"
            self._omit(3, "networks", why)
            self._omit(4, "drift in models", why)
            return
        sweep, entry = next(iter(study.learning.items()))
        points, labels, n = study.points_of(sweep), study.labels(sweep), study.seeds(sweep)
        frozen = next((point.name for point in points if point.control), None)
        learns = next((p.name for p in points if p.variant != labels["control"]), None)
        shown = [name for name in (frozen, learns) if name is not None]
        first = {p.name: p.recording for p in reversed(points)}
        matrices, index = learned(study, sweep)
        traces = [output("simulate_point.traces", recording=run) for run in study.runs(sweep)]
        network = {
            "trials": [trials(first[name]) for name in shown],
            "traces": traces,
            **matrices,
        }
        self._add(3, "network", "networks", "Networks", {"sweep": sweep}, network,
                  {**labels, "shown": shown}, n)  # fmt: skip
        self._add(4, "model_drift", "drift in models", "Drift",
                  {"recording": sweep, "selection": entry.index}, {"index": index}, labels,
                  n)  # fmt: skip

    def _compared(self) -> None:
        """Figure 5 for each comparison, and figure 6 for each sweep that is compared."""
        compared = self._comparisons
        if not compared.entries:
            self._omit(5, "comparison", "comparisons names no recording and sweep")
            self._omit(6, "sweep maps", "comparisons names no recording and sweep")
            return
        of_sweep: dict[str, list[str]] = {}
        for name, entry in compared.entries.items():
            for sweep in entry.models:
                of_sweep.setdefault(sweep, []).append(name)
            self._add(5, "comparison", "models against a recording", "Comparison",
                      {"comparison": name}, compared.made_of(name), {},
                      self._study.seeds(*entry.models), subject=name)  # fmt: skip
        for sweep, names in of_sweep.items():
            scores = [output("compare_sweep.scores", comparison=name) for name in names]
            self._add(6, "sweep_map", "distance over the sweep", "Comparison",
                      {"comparison": f"{', '.join(names)}: {sweep}"}, {"scores": scores},
                      {"axes": self._study.axes(sweep), "sweep": sweep},
                      self._study.seeds(sweep), subject=sweep)  # fmt: skip

    @property
    def made(self) -> list[Output]:
        """All final figures, as PDF."""
        return drawn(self.figures)

    @property
    def opened(self) -> list[Output]:
        """Picture of the first final figure; none where no final figure is made."""
        by_number = {number: file for file, number in reversed(self.numbers.items())}
        shown = [by_number[number] for number in _OPENED if number in by_number][:1]
        return [output("figure.png", figure=file) for file in shown]

    @property
    def notices(self) -> list[str]:
        """Line that says which figures are left out, and why."""
        reasons = "; ".join(
            f"{' and '.join(names)}: {why}" for why, names in grouped(self.omitted).items()
        )
        return [f"final figures left out: {reasons}"] * bool(reasons)


def grouped(omitted: Mapping[str, str]) -> dict[str, list[str]]:
    """Figures that are left out, by the reason."""
    found: dict[str, list[str]] = {}
    for name, why in omitted.items():
        found.setdefault(why, []).append(name)
    return found
