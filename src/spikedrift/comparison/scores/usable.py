"""Statistics that a comparison can use: those that either side lacks are dropped, with reasons.

If a code is not detected, or its index is too imprecise, that is a result and not an error: the
comparison goes on with the remaining statistics, and says so where none remains.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from spikedrift.comparison.scores.models import Failed
from spikedrift.comparison.scores.summary import CODES, STATISTICS, Run
from spikedrift.drift import gates
from spikedrift.drift.signal.aspects import ASPECTS

FEWEST_SAMPLES = 3  # complete bootstrap samples that a covariance needs
MOST_NOTES = 2  # reasons of models that are said, the most frequent ones


def left(
    names: Sequence[str],
    recording: Run,
    values: np.ndarray,
    samples: np.ndarray,
    models: Mapping[str, Sequence[Run | Failed]],
    instances: np.ndarray,
) -> tuple[list[int], dict[str, str]]:
    """Find the statistics that the recording, its bootstrap and some model instance have together.

    Where no instance has all of them, the statistic that the fewest instances have is dropped
    first; of equals, the last one.

    Parameters
    ----------
    names : sequence of str
    recording : Run
    values : array, shape (n_statistics,)
        Values of the recording.
    samples : array, shape (n_samples, n_statistics)
        Bootstrap of the recording over units.
    models : mapping of point -> runs
    instances : array, shape (n_points, n_instances, n_statistics)
        NaN where undefined.

    Returns
    -------
    kept : list of int
        Indices into `names`.
    dropped : dict of name -> reason
    """
    kept, dropped = list(range(len(names))), {}

    def drop(places: Sequence[int], reasons: Sequence[str]) -> None:
        for place, reason in zip(places, reasons, strict=True):
            kept.remove(place)
            dropped[names[place]] = reason

    absent = [k for k in kept if not np.isfinite(values[k])]
    drop(absent, [_of_recording(names[k], recording) for k in absent])
    absent = unshared(np.isfinite(samples), kept, FEWEST_SAMPLES)
    drop(absent, ["too few samples of units of the recording have it"] * len(absent))
    rows = instances.reshape(-1, len(names))
    runs = [run for group in models.values() for run in group]
    absent = unshared(np.isfinite(rows), kept, 1)
    drop(absent, [_of_models(names[k], runs, bool(np.isfinite(rows[:, k]).any())) for k in absent])
    complete = samples[np.isfinite(samples[:, kept]).all(axis=1)]
    still = [k for k in kept if np.ptp(complete[:, k]) == 0 or not _varies(instances, kept, k)]
    drop(still, ["it does not vary"] * len(still))
    return kept, dropped


def gates_of(models: Mapping[str, Sequence[Run | Failed]], most: int) -> np.ndarray:
    """States of the indices of every run: str, shape (n_points, most, n_codes); '' for no run."""
    out = np.full((len(models), most, len(CODES)), "", dtype=object)
    for row, group in zip(out, models.values(), strict=True):
        for k, run in enumerate(group):
            row[k] = [_state(run, code) for code in CODES]
    return out


def _state(run: Run | Failed, code: str) -> str:
    """Reason why a run has no index; an imprecise index counts as one."""
    return run.state if isinstance(run, Failed) else gates.absent_from(run.index, code)


def unshared(known: np.ndarray, kept: Sequence[int], least: int) -> list[int]:
    """Indices of statistics to drop until `least` rows have all the others.

    Parameters
    ----------
    known : bool, shape (n_rows, n_statistics)
    kept : sequence of int
        Indices to choose from.
    least : int
        Number of rows that must have all remaining statistics.
    """
    rest, out = list(kept), []
    while rest and known[:, rest].all(axis=1).sum() < least:
        out.append(min(rest, key=lambda k: (known[:, k].sum(), -k)))
        rest.remove(out[-1])
    return out


def _varies(instances: np.ndarray, kept: Sequence[int], place: int) -> bool:
    """Whether a statistic differs between instances of some point, as far as points have two."""
    whole = np.isfinite(instances[..., kept]).all(axis=2)
    groups = [row[known, place] for row, known in zip(instances, whole, strict=True)]
    spreads = [np.ptp(group) for group in groups if group.size > 1]
    return not spreads or max(spreads) > 0


def _of_recording(name: str, run: Run) -> str:
    notes = [
        f"{code}: {note}"
        for code in codes_of(name)
        if (note := str(run.index["gate_note"].sel(matching="none", code=code).values))
    ] or _aspect_notes(name, run)
    return f"{run.name} does not have it: {'; '.join(notes) or 'too few repeats, or one block'}"


def _of_models(name: str, runs: Sequence[Run | Failed], some: bool) -> str:
    if some:
        return "no model instance has it and all others"
    states = {code: [_state(run, code) for run in runs] for code in codes_of(name) or CODES[:1]}
    notes = Counter(
        note for run in runs if isinstance(run, Run) for note in _aspect_notes(name, run)
    )
    found = [gates.counted(one, code) for code, one in states.items()]
    found += [f"{note} ({n} of {len(runs)})" for note, n in notes.most_common(MOST_NOTES)]
    said = "; ".join(filter(None, found))
    return "no model instance has it" + f": {said}" * bool(said)


def _aspect_notes(name: str, run: Run) -> list[str]:
    """Why a run lacks the aspects of drift that a statistic is made of."""
    lacking = [one for one in ASPECTS if _needs(name, one)]
    return [
        note for one in lacking if (note := str(run.index["aspect_note"].sel(aspect=one).values))
    ]


def codes_of(name: str) -> list[str]:
    """Codes whose index a statistic needs to be defined."""
    return [code for code in CODES if _needs(name, f"{code}_step")]


def _needs(name: str, part: str) -> bool:
    """Whether a statistic is undefined without one of its parts."""
    parts = defaultdict(lambda: np.array(1.0), {part: np.array(np.nan)})
    return bool(np.isnan(STATISTICS[name].of(parts)))
