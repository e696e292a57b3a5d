"""What a configuration makes, before it is made: how much, how long it takes and how large it is.

A number that is no count says what it rests on, and what nothing is known of is said to be unknown.
The module is imported where this is asked for (target `check_config`), and at no other start.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from spikedrift.fetch.progress import amount, span
from spikedrift.plan.estimates import Estimate, Measured
from spikedrift.plan.extents import Extent, extents, step
from spikedrift.plan.plan import Plan
from spikedrift.plan.standing import FETCHED, Job

PAIR = 12  # bytes of a pair of trials in a similarity matrix: its value, and units shared


class Outlook:
    """What one configuration makes.

    Parameters
    ----------
    plan : Plan
    jobs : sequence of Job
        All on the way to its results.
    benchmarks : path
        Folder of Snakemake's tables of run times.
    cores : int
        Of this call.
    """

    def __init__(self, plan: Plan, jobs: Sequence[Job], benchmarks: Path, cores: int) -> None:
        self._plan, self._study, self._jobs, self._cores = plan, plan.study, jobs, cores
        self._benchmarks = benchmarks

    @property
    def lines(self) -> list[str]:
        """Lines for the screen: key, then what there is."""
        found = [
            ("recordings", self._recordings()),
            ("pools", _listed(self._study.pools)),
            ("selections", _listed(self._study.selections)),
            ("measures", _listed(self._study.measures)),
            *((f"sweep {name}", self._sweep(name)) for name in self._study.sweeps),
            ("analyses", _listed(self._plan.analyses.entries)),
            ("inference", _listed(self._plan.inferences.entries)),
            ("comparisons", _listed(self._plan.comparisons.entries)),
            ("posteriors", _listed(self._plan.posteriors.entries)),
            ("figures", self._figures()),
            ("jobs", self._counts()),
            ("to fetch", self._downloads()),
            ("time", self._time()),
            ("disk", self._disk()),
        ]
        return [f"{key}: {words}" for key, words in found if words]

    # What there is

    def _recordings(self) -> str:
        return _listed(f"{name} ({one.source})" for name, one in self._study.recordings.items())

    def _sweep(self, name: str) -> str:
        sweep, points = self._study.sweeps[name], self._study.expansions[name].points
        known = [one for one in self._extents[name].values() if one is not None]
        every = step(len(self._extents[name]))
        words = [
            f"{sweep.network}, {_many(len(sweep.variants), 'variant')}, "
            f"{_many(sweep.size, 'point')} x {_many(sweep.instances, 'instance')} = "
            f"{_many(len(points), 'run')}"
        ]
        if known:
            words.append(
                f"{_range(one.seconds for one in known)} s of biological time and "
                f"{_range(one.cells for one in known)} cells each"
                + (f", by one point of {every}" if every > 1 else "")
            )
        else:
            words.append("read from files")
        surveys = self._plan.surveys
        words.append(
            "every run is a recording"
            if name not in surveys.names
            else f"a survey of {_many(len(surveys.chunks(name)), 'chunk')}"
        )
        return "; ".join(words)

    def _figures(self) -> str:
        final, made = len(self._plan.final.figures), len(self._plan.figures.files)
        drawn = sum(job.rule == "figure" for job in self._jobs)
        more = f"; {made - drawn} more with other targets" if made > drawn else ""
        return f"{drawn}, of them {final} final" + more

    def _counts(self) -> str:
        counts = Counter(job.rule for job in self._jobs).most_common()
        by_rule = ", ".join(f"{name} {n}" for name, n in counts)
        return f"{len(self._jobs)} from nothing, less what is there ({by_rule})"

    def _downloads(self) -> str:
        downloads = self._plan.downloads
        if not downloads.files:
            return ""
        sizes = [downloads.files[name].bytes for name in downloads.missing]
        known = [size for size in sizes if size is not None]
        words = f"{len(sizes)} of {_many(len(downloads.files), 'file')}"
        if known:
            words += f", {amount(sum(known))} by the data registry"
        if len(known) < len(sizes):
            words += f"; the registry does not say how large {len(sizes) - len(known)} are"
        return words

    # How long, how large

    @cached_property
    def _extents(self) -> dict[str, dict[str, Extent | None]]:
        return {
            name: extents(sweep, self._study.expansions[name].points)
            for name, sweep in self._study.sweeps.items()
        }

    def _work(self, job: Job) -> tuple[str, float] | None:
        """Jobs whose time and size are proportional to something, and to what; None where unknown.

        A simulation is held against those of the same network alone.
        """
        if job.rule in FETCHED:
            return None
        if job.rule == "simulate_point":
            points = [self._study.points[job.wildcards["recording"]]]
        elif job.rule == "survey_chunk":
            points = self._plan.surveys.points(job.wildcards["sweep"], job.wildcards["chunk"])
        else:
            return job.rule, 1.0
        found = [self._extents[point.sweep][point.id] for point in points]
        work = sum(one.work for one in found if one is not None)
        network = self._study.sweeps[points[0].sweep].network
        return (f"{job.rule} of {network}", work) if None not in found else None

    def _time(self) -> str:
        measured = Measured(self._benchmarks)
        found = Estimate()
        for job in self._jobs:
            found.add(job.rule, self._work(job), measured.seconds(job))
        for rule, every in measured.others(self._jobs).items():
            found.like(rule, every)
        total = found.total
        if total is None:
            return f"not known: {self._benchmarks} holds no table of a job like these"
        least = max(total / self._cores, found.longest)
        return (
            f"{found.at_least(span(total))} of jobs one after another, {span(least)} or more on "
            f"{_many(self._cores, 'core')}; {found.words(span)}. Tables of {self._benchmarks} say "
            "how long jobs took here last, with the options and on the machine of then"
        )

    def _disk(self) -> str:
        found = Estimate()
        for job in self._jobs:
            if job.rule not in FETCHED:
                found.add(job.rule, self._work(job), _size(job.files))
        if found.total is None:
            words = "not known: no file of these jobs is here"
        else:
            words = f"{found.at_least(amount(found.total))}; {found.words(amount)}"
        return words + self._matrices() + ". Networks that are compiled come on top"

    def _matrices(self) -> str:
        """Similarity matrices, the only arrays that grow with the square of something."""
        trials = {name: _trials(options) for name, options in self._study.options.items()}
        for point in self._study.points.values():
            of_point = self._extents[point.sweep][point.id]
            trials[point.recording] = None if of_point is None else of_point.trials
        wildcards = [job.wildcards for job in self._jobs if job.rule == "similarity_matrix"]
        counts = [trials.get(one["recording"]) for one in wildcards]
        known = [n for n in counts if n is not None]
        if not known:
            return ""
        return (
            f"; {len(known)} of {len(counts)} similarity matrices at most "
            f"{amount(sum(PAIR * n * n for n in known))}, by their trials"
        )


def _trials(options: Any) -> int | None:
    """Trials of a recording, where its options tell."""
    if not hasattr(options, "segments") or not hasattr(options, "repeats"):
        return None
    return int(options.segments * options.repeats * options.blocks)


def _size(paths: Iterable[str]) -> float | None:
    """Bytes of a job's files; None where one is not there."""
    found = [Path(path) for path in paths]
    if not all(path.is_file() for path in found):
        return None
    return float(sum(path.stat().st_size for path in found))


def _listed(names: Iterable[str], most: int = 6) -> str:
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return f"{len(every)}: {', '.join(every[:most])}{more}" if every else ""


def _many(n: int, what: str) -> str:
    return f"{n} {what}" + "s" * (n != 1)


def _range(numbers: Iterable[float]) -> str:
    every = sorted(numbers)
    ends = dict.fromkeys(f"{value:g}" for value in (every[0], every[-1]))
    return " to ".join(ends)
