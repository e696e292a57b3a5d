"""Figures of the recordings and of the sweeps in `learning`: rasters, matrices, curves."""

from spikedrift.plan.figures import Figure
from spikedrift.plan.outputs import Output, output, trials
from spikedrift.plan.study import Study

RASTER = ("raster_segment", "raster_repeats", "raster_units")


def of_recordings(study: Study) -> list[Figure]:
    """Raster, matrices and drift curves of every recording and selection."""
    return [
        figure
        for row in study.indexed("indices")
        for figure in _of_recording(study, row["recording"], row["selection"])
    ]


def _of_recording(study: Study, recording: str, selection: str) -> list[Figure]:
    at = {"recording": recording, "selection": selection}
    codes, caption = study.codes(recording), f"Recording {recording}, selection {selection}."
    matrices = {
        code: [output("similarity_matrix.matrix", **at, measure=measure)]
        for code, measure in codes.items()
    }
    curves = {
        code: output("drift_curves.curves", **at, measure=measure)
        for code, measure in codes.items()
    }

    def named(module: str) -> tuple[str, str]:
        return f"{module}.{recording}.{selection}", module

    def labels(words: str) -> dict[str, str]:
        return {"recording": recording, "figure": words, "selection": selection}

    return [
        Figure(
            *named("raster"),
            "Data",
            labels("raster"),
            {"trials": trials(recording)},
            {"selection": study.selection_entry(selection), "seed": study.config.seed},
            RASTER,
            caption,
        ),
        Figure(*named("matrices"), "Drift", labels("matrices"), matrices, caption=caption),
        Figure(
            *named("drift_curves"),
            "Drift",
            labels("drift curves"),
            {**curves, "index": output("signal_index.index", **at)},
            caption=caption,
        ),
    ]


def of_learning(study: Study) -> list[Figure]:
    """Learning and drift of the simulations of a sweep, one figure for each sweep."""
    found = []
    for sweep in study.learning:
        matrices, index = learned(study, sweep)
        found.append(
            Figure(
                f"learning.{sweep}",
                "learning",
                "Networks",
                {"figure": "learning and drift", "sweep": sweep},
                {**matrices, "index": index},
                study.labels(sweep),
                caption=f"Sweep {sweep}. {few(study)}",
            )
        )
    return found


def learned(study: Study, sweep: str) -> tuple[dict[str, list[Output]], list[Output]]:
    """Similarity matrices by code, and indices, of the simulations of a sweep, in their order."""
    entry, runs = study.learning[sweep], study.runs(sweep)
    selection = str(study.config.matrices_of(entry))
    matrices = {
        code: [
            output("similarity_matrix.matrix", recording=run, selection=selection, measure=name)
            for run in runs
        ]
        for code, name in study.compared.items()
    }
    index = [output("signal_index.index", recording=run, selection=entry.index) for run in runs]
    return matrices, index


def few(study: Study) -> str:
    """Sentence of a caption on how many instances carry an interval."""
    n = study.config.compare.min_instances
    return (
        f"With fewer than {n} instances a point no interval is given and the figure is an "
        "illustration."
    )
