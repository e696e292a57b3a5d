"""Files and params of the posteriors of a configuration.

The module imports nothing that takes long, since Snakemake reads it at every start.
"""

from typing import Any

from spikedrift.config.compare import Comparison
from spikedrift.config.posterior import Posterior
from spikedrift.config.sweeps import Sweep
from spikedrift.core.errors import InputError, unknown
from spikedrift.plan.comparisons import Comparisons
from spikedrift.plan.figures import Figure
from spikedrift.plan.outputs import Output, output
from spikedrift.plan.study import Study

DRAWN = ("random", "latin_hypercube")


class Posteriors:
    """Entries of `posteriors`; files and params of their rule.

    Parameters
    ----------
    study : Study
    comparisons : Comparisons
        They know whether a recording may be held against a sweep.

    Attributes
    ----------
    entries : dict of name -> Posterior
        With the variants and the statistics that they take.

    Raises
    ------
    InputError
        For a recording that no comparison can rest on, a sweep that is no prior, or a name that
        is no variant or axis of it.
    """

    def __init__(self, study: Study, comparisons: Comparisons) -> None:
        self._study = study
        self.entries: dict[str, Posterior] = {}
        for index, entry in enumerate(study.config.posteriors):
            where = f"config: posteriors[{index}]"
            held = Comparison(
                name=entry.name,
                recording=entry.recording,
                selection=entry.selection,
                sweep=entry.sweep,
            )
            comparisons.check(held, where, "recording")
            sweep = study.sweeps[entry.sweep]
            _check_prior(sweep, f"{where}.sweep: {sweep.name}")
            swept = [variant.name for variant in sweep.variants if variant.swept]
            for name in entry.variants or ():
                if name not in swept:
                    raise unknown(f"{where}.variants: not swept in {sweep.name}:", name, swept)
            for variant in sweep.variants:
                if variant.axes and variant.name in (entry.variants or swept):
                    raise InputError(
                        f"{where}.sweep: {sweep.name}: variant {variant.name} has ends or keys of "
                        "its own (axes); a posterior takes the axes of the sweep: give such a "
                        "variant a sweep of its own"
                    )
            axes = [axis.name for axis in sweep.axes]
            for name in entry.known:
                if name not in axes:
                    raise unknown(f"{where}.known: no axis of {sweep.name}:", name, axes)
            taken = {
                "variants": entry.variants or tuple(swept),
                "statistics": entry.statistics or study.config.compare.statistics,
            }
            self.entries[entry.name] = entry.model_copy(update=taken)

    @property
    def made(self) -> list[Output]:
        """All posteriors."""
        return [output("infer_posterior.posterior", posterior=name) for name in self.entries]

    @property
    def figures(self) -> list[Figure]:
        """A figure of every posterior."""
        return [
            Figure(
                f"posterior.{name}",
                "posterior",
                "Comparison",
                {"comparison": name, "figure": "posterior"},
                {"data": output("infer_posterior.posterior", posterior=name)},
                caption=f"Posterior {name}: recording {entry.recording}, sweep {entry.sweep}.",
            )
            for name, entry in self.entries.items()
        ]

    def inputs(self, wildcards: Any) -> dict[str, Output | list[Output]]:
        """Files of the recording, and the survey of the draws."""
        entry = self.entries[wildcards.posterior]
        at = {"recording": entry.recording, "selection": entry.selection}
        found: dict[str, Output | list[Output]] = {
            code: [output("drift_curves.curves", **at, measure=measure)]
            for code, measure in self._study.compared.items()
        }
        return found | {
            "index": [output("signal_index.index", **at)],
            "profile": [output("profile.profile", **at)],
            "survey": output("collect_survey.data", sweep=entry.sweep),
        }

    def options(self, wildcards: Any) -> dict[str, Any]:
        """Entry of the configuration, without the names of its inputs."""
        kept = self.entries[wildcards.posterior]
        return kept.model_dump(mode="json")

    def variants(self, wildcards: Any) -> list[str]:
        """Families."""
        return list(self.entries[wildcards.posterior].variants or ())

    def axes(self, wildcards: Any) -> list[dict[str, Any]]:
        """Axes of the sweep."""
        kept = ("name", "title", "low", "high", "scale")
        axes = self._study.axes(self.entries[wildcards.posterior].sweep)
        return [{key: axis[key] for key in kept} for axis in axes]


def _check_prior(sweep: Sweep, where: str) -> None:
    """Refuse a sweep whose points are no draws of a prior."""
    if sweep.survey is None:
        raise InputError(f"{where} has no survey, of which a posterior reads hundreds of runs")
    if sweep.survey.match is not None:
        raise InputError(f"{where}: survey.match takes out how fast the runs drift: leave it out")
    if sweep.sampling not in DRAWN or len(sweep.axes) < 2:
        raise InputError(
            f"{where}: a prior is two axes or more with sampling {' or '.join(DRAWN)}, not "
            f"{len(sweep.axes)} with {sweep.sampling}"
        )
    if sweep.paired:
        raise InputError(
            f"{where} is paired: its runs share wiring, patterns and noise, which a posterior "
            "would take for known; set paired: false"
        )
