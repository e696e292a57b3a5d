"""What the final figures of a configuration are made from; which it cannot carry, and why.

Imports nothing heavy: Snakemake asks for it at every start.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikedrift.core.errors import unknown
from spikedrift.core.provenance import source_digest
from spikedrift.plan.report import CATEGORIES

if TYPE_CHECKING:
    from spikedrift.plan.plan import Plan

FINAL = "spikedrift.figures.final"
FOLDER = Path(__file__).parents[1] / "figures" / "final"
SHOWN = 2  # recordings side by side


@dataclass(frozen=True)
class Final:
    """One final figure.

    Attributes
    ----------
    number : int
    module : str
        File of `spikedrift.figures.final` that draws it.
    title : str
        Words for labels.
    category : str
        Of the report.
    about : dict
        Its label in the report, beside `figure`: recording, sweep or comparison.
    inputs : dict of argument -> path or list of paths
    labels : dict
        Further arguments of `draw`, made of builtins.
    n : str
        Sentence of the caption on seeds and numbers.
    """

    number: int
    module: str
    title: str
    category: str
    about: dict[str, str]
    inputs: dict[str, Any]
    labels: dict[str, Any] = field(default_factory=dict)
    n: str = ""


class FinalFigures:
    """Files and params of the final figures.

    Parameters
    ----------
    plan : Plan
        After its names were checked.

    Raises
    ------
    InputError
        For a recording of `figures.recordings` that is not there.
    """

    def __init__(self, plan: "Plan") -> None:
        self.plan, self.options = plan, plan.config.figures
        self.omitted: dict[str, str] = {}
        self.made: dict[str, Final] = {}
        self._recordings()
        self._plasticity_rules()
        self._networks()
        self._comparisons()

    def _add(self, final: Final, subject: str = "") -> None:
        self.made[f"{final.number}_{final.module}" + f".{subject}" * bool(subject)] = final

    def _omit(self, number: int, title: str, why: str) -> None:
        self.omitted[f"{number} ({title})"] = why

    def _recordings(self) -> None:
        """Figure 1: the recordings that are named, or the first ones, and the indices of all."""
        plan, known = self.plan, self.plan.roster.names
        for index, name in enumerate(self.options.recordings or ()):
            if name not in known:
                where = f"config: figures.recordings[{index}]: not among recordings:"
                raise unknown(where, name, known)
        analyzed = {name: found for name in known if (found := plan.analyzed(name))}
        shown = [n for n in self.options.recordings or analyzed if n in analyzed][:SHOWN]
        if not shown:
            self._omit(1, "recordings", "no recording is analyzed")
            return
        at = {name: f"{name}/{found[0]}" for name, found in analyzed.items()}
        timed = [name for name in shown if plan.timed(name)]
        rate, timing = plan.config.compare.rate, plan.config.compare.timing
        inputs = {
            "trials": [f"results/trials/{name}.nc" for name in shown],
            "rate_matrix": [f"results/similarity/{at[name]}/{rate}.nc" for name in shown],
            "index": [
                f"results/drift/{at[name]}/index.nc" for name in dict.fromkeys([*shown, *analyzed])
            ],
        }
        if timed:
            inputs["timing_matrix"] = [f"results/similarity/{at[n]}/{timing}.nc" for n in timed]
        labels = {
            "selections": {name: plan.selection_entry(analyzed[name][0]) for name in shown},
            "seed": plan.config.seed,
        }
        self._add(
            Final(
                1,
                "recordings",
                "recordings",
                "Data",
                {"recording": ", ".join(shown), "selection": analyzed[shown[0]][0]},
                inputs,
                labels,
                f"Shown: {len(shown)} of {len(analyzed)} recordings.",
            )
        )

    def _plasticity_rules(self) -> None:
        """Figure 2: the protocols that the configuration names."""
        panels = self.options.rules
        if not panels:
            self._omit(2, "plasticity rules", "figures.rules names no protocol")
            return
        seed = self.plan.config.validation.seed
        rules = ", ".join(dict.fromkeys(panel.rule for panel in panels))
        self._add(
            Final(
                2,
                "plasticity_rules",
                "plasticity rules",
                "Rules",
                {"rule": rules},
                {"table": "results/validate/shown.tsv"},
                {"seed": seed},
                f"{len(panels)} protocols, seed of random spikes {seed}.",
            )
        )

    def _networks(self) -> None:
        """Figures 3 and 4: the first sweep whose learning is drawn."""
        if not self.plan.learning:
            surveyed = ", ".join(self.plan.surveys.names)
            why = "figures.learning names no sweep"
            if surveyed:
                why += f" ({surveyed}: a survey keeps no trials)"
            self._omit(3, "networks", why)
            self._omit(4, "drift in models", why)
            return
        plan = self.plan
        sweep, entry = next(iter(plan.learning.items()))
        points = [plan.points[run] for run in plan.runs(sweep)]
        runs = [point.recording for point in points]
        control = next((point.condition for point in points if point.control), None)
        frozen = next((point.name for point in points if point.control), None)
        learns = next((p.name for p in points if p.condition != control), None)
        shown = [name for name in (frozen, learns) if name is not None]
        labels = {
            "conditions": [point.name for point in points],
            "titles": {point.name: point.words for point in points},
            "rules": {point.name: point.condition for point in points},
            "control": control,
            "compare": plan.block("compare", "confidence", "headline_instances"),
        }
        n = self._instances(sweep)
        codes = {"rate": plan.config.compare.rate, "timing": plan.config.compare.timing}
        first = {p.name: p.recording for p in reversed(points)}
        matrices = plan.config.matrices_of(entry)
        network: dict[str, Any] = {
            "trials": [f"results/trials/{first[name]}.nc" for name in shown],
            "traces": [f"results/traces/{run}.nc" for run in runs],
        } | {
            code: [f"results/similarity/{run}/{matrices}/{name}.nc" for run in runs]
            for code, name in codes.items()
        }
        drift = {"index": [f"results/drift/{run}/{entry.index}/index.nc" for run in runs]}
        self._add(
            Final(3, "network", "networks", "Networks", {"sweep": sweep}, network,
                  {**labels, "shown": shown}, n)
        )  # fmt: skip
        about = {"recording": sweep, "selection": entry.index}
        self._add(Final(4, "model_drift", "drift in models", "Drift", about, drift, labels, n))

    def _comparisons(self) -> None:
        """Figure 5, one a comparison, and figure 6, one a sweep that is compared."""
        plan = self.plan
        if not plan.comparisons.entries:
            self._omit(5, "comparison", "comparisons names no recording and sweep")
            self._omit(6, "sweep maps", "comparisons names no recording and sweep")
            return
        of_sweep: dict[str, list[str]] = {}
        made = set(plan.comparisons.files)
        for name, entry in plan.comparisons.entries.items():
            of_sweep.setdefault(entry.sweep, []).append(name)
            inputs = {"scores": f"results/compare/{name}.nc"}
            for kind in ("structure", "recovery"):
                path = f"results/{kind}/{name}.nc"
                if path in made:
                    inputs[kind] = path
            self._add(
                Final(5, "comparison", "models against a recording", "Comparison",
                      {"comparison": name}, inputs, {}, self._instances(entry.sweep)),
                name,
            )  # fmt: skip
        for sweep, names in of_sweep.items():
            axes = [axis.model_dump(mode="json") for axis in plan.sweeps[sweep].axes]
            inputs_of = {"scores": [f"results/compare/{name}.nc" for name in names]}
            self._add(
                Final(6, "sweep_map", "distance over the sweep", "Comparison",
                      {"comparison": ", ".join(names)}, inputs_of, {"axes": axes},
                      self._instances(sweep)),
                sweep,
            )  # fmt: skip

    def _instances(self, sweep: str) -> str:
        """Sentence of a caption on instances and seeds."""
        entry = self.plan.sweeps[sweep]
        return (
            f"{entry.instances} network instances a point; seed of the sweep {entry.seed}, of "
            f"resampling {self.plan.config.seed}."
        )

    # What the rule asks

    @property
    def files(self) -> list[str]:
        """All final figures, as PDF."""
        return [f"results/figures/final/{name}.pdf" for name in self.made]

    @property
    def notices(self) -> list[str]:
        """Which figures are left out, and why, in one line."""
        reasons = "; ".join(
            f"{' and '.join(names)}: {why}" for why, names in grouped(self.omitted).items()
        )
        return [f"final figures left out: {reasons}"] * bool(reasons)

    def _of(self, wildcards: Any) -> Final:
        return self.made[wildcards.final]

    def inputs(self, wildcards: Any) -> dict[str, Any]:
        """Files that a figure is drawn from."""
        return self._of(wildcards).inputs

    def figure(self, wildcards: Any) -> str:
        """File of `spikedrift.figures`."""
        return self._of(wildcards).module

    def labels(self, wildcards: Any) -> dict[str, Any]:
        """Further arguments of the figure."""
        return self._of(wildcards).labels

    def drawn(self, wildcards: Any) -> dict[str, Any]:
        """Options of figures that a figure reads: figure 1 draws rasters."""
        raster = ("raster_segment", "raster_repeats", "raster_units")
        keys = raster if self._of(wildcards).module == "recordings" else ()
        found: dict[str, Any] = self.plan.block("figures", "width", "dpi", *keys)
        return found

    def lists(self, wildcards: Any) -> list[str]:
        """Arguments that take lists of files."""
        return [key for key, value in self._of(wildcards).inputs.items() if isinstance(value, list)]

    def category(self, wildcards: Any) -> str:
        """Category of the report."""
        return CATEGORIES[self._of(wildcards).category]

    def about(self, wildcards: Any) -> dict[str, str]:
        """Labels in the report, the same keys as those of other figures of the category."""
        final = self._of(wildcards)
        # First, or two figures of one sweep would be folded into a switch.
        return {"figure": f"Figure {final.number}: {final.title}", **final.about}

    def caption(self, wildcards: Any) -> str:
        """Caption: the docstring of the figure's file, not imported, and numbers and seeds."""
        final = self._of(wildcards)
        path = FOLDER / f"{final.module}.py"
        words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        return f"{words}\n\n{final.n}"

    def digest(self, wildcards: Any) -> str:
        """Digest of what draws a figure."""
        module = self._of(wildcards).module
        return source_digest("spikedrift.figures.registry", f"{FINAL}.{module}")


def grouped(omitted: Mapping[str, str]) -> dict[str, list[str]]:
    """Figures that are left out, by the reason."""
    found: dict[str, list[str]] = {}
    for name, why in omitted.items():
        found.setdefault(why, []).append(name)
    return found
