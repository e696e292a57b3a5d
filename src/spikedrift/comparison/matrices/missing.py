"""What a comparison of matrices lacks, in lines: matrices that are undefined, missing scores."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from spikedrift.comparison.conclusions import listed_points
from spikedrift.comparison.matrices.responses import CODES, TrialResponses
from spikedrift.rsa.comparator import Comparator

ModelResponses = Mapping[str, Sequence[TrialResponses]]
"""Point -> responses, one an instance."""
NO_RESPONSES = "on one side no unit was observed in all trials, or responses do not vary"


def instances_of(models: ModelResponses) -> dict[str, int]:
    """Number of instances of every point that have a matrix of one code at least."""
    return {
        point: sum(len(run.undefined) < len(CODES) for run in group)
        for point, group in models.items()
    }


def undefined(
    name: str,
    data: TrialResponses,
    models: ModelResponses,
    titles: Mapping[str, str],
    comparators: Sequence[Comparator],
    rate_score: np.ndarray,
) -> list[str]:
    """Say which matrices and scores are not there, and why; means leave their instances out.

    Parameters
    ----------
    name : str
        Name of the recording.
    data : TrialResponses
        Its responses.
    models : mapping of point -> sequence of TrialResponses, one an instance
    titles : mapping of point -> str
    comparators : sequence of Comparator
    rate_score : float64, shape (n_comparators, n_points, most instances)
        Scores of the rate matrices as they are.
    """
    out = [f"no {code} matrix of {name}: {why}" for code, why in data.undefined.items()]
    lacking: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for point, group in models.items():
        for run in group:
            for code, why in run.undefined.items():
                lacking[f"{code} matrix", why][point] += 1
    for comparator, scores in zip(comparators, rate_score, strict=True):
        if comparator.takes != "responses" or "rate" in data.undefined:
            continue
        for (point, group), row in zip(models.items(), scores, strict=True):
            for run, score in zip(group, row, strict=False):  # rows are padded
                if np.isnan(score) and "rate" not in run.undefined:
                    lacking[comparator.title, NO_RESPONSES][point] += 1
    return out + [
        f"no {what} of {_instances(counts, models, titles)}: {why}"
        for (what, why), counts in lacking.items()
    ]


def _instances(counts: Mapping[str, int], models: ModelResponses, titles: Mapping[str, str]) -> str:
    """How many instances of which points."""
    named = [f"{n} of {len(models[point])} instances of {titles.get(point, point)}"
             for point, n in counts.items()]  # fmt: skip
    return listed_points(named, f"{len(models)} points, in some instances or all")
