"""Sums over jobs: some were measured, some are like others, of some nothing is known."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from spikedrift.plan.standing import Job


class Estimate:
    """A sum over jobs.

    A job that was not measured takes the mean of those of its kind, by its share: what its amount
    is proportional to, such as the biological time of a simulation.
    """

    def __init__(self) -> None:
        self._measured: list[float] = []
        self._open: list[tuple[str, str, float]] = []  # rule, kind, share
        self._unknown: Counter[str] = Counter()
        self._of_kind: dict[str, tuple[float, float]] = {}  # amount and share of what was measured

    def add(self, rule: str, kind: tuple[str, float] | None, amount: float | None) -> None:
        """Add a job: its kind with its share, None where it is like no other, and its amount."""
        if amount is not None:
            self._measured.append(amount)
            if kind is not None:
                self.like(kind[0], [amount], kind[1])
        elif kind is None:
            self._unknown[rule] += 1
        else:
            self._open.append((rule, *kind))

    def like(self, kind: str, amounts: Iterable[float], share: float = 1.0) -> None:
        """Take amounts of a kind into its mean that are no part of the sum."""
        for amount in amounts:
            before, shares = self._of_kind.get(kind, (0.0, 0.0))
            self._of_kind[kind] = (before + amount, shares + share)

    @property
    def _estimated(self) -> list[float]:
        means = {kind: total / share for kind, (total, share) in self._of_kind.items() if share}
        return [means[kind] * share for _, kind, share in self._open if kind in means]

    @property
    def _missing(self) -> Counter[str]:
        return self._unknown + Counter(
            rule for rule, kind, _ in self._open if not self._of_kind.get(kind, (0, 0))[1]
        )

    @property
    def total(self) -> float | None:
        """The sum over the jobs of which something is known; None where nothing is."""
        known = [*self._measured, *self._estimated]
        return sum(known) if known else None

    @property
    def longest(self) -> float:
        """The largest amount of a job."""
        return max([*self._measured, *self._estimated], default=0.0)

    def at_least(self, words: str) -> str:
        """Words for the sum, or a part of it, where nothing is known of some jobs."""
        return f"at least {words}" if self._missing else words

    def words(self, say: Callable[[float], str]) -> str:
        """What the sum rests on."""
        parts = [f"of the jobs {len(self._measured)} measured ({say(sum(self._measured))})"]
        if estimated := self._estimated:
            parts.append(f"{len(estimated)} estimated from others alike ({say(sum(estimated))})")
        if missing := self._missing:
            rules = ", ".join(f"{rule} {n}" for rule, n in missing.most_common())
            parts.append(f"{missing.total()} not known ({rules})")
        return ", ".join(parts)


class Measured:
    """Run times in Snakemake's benchmark tables.

    Parameters
    ----------
    folder : path
        With a folder or a table for each rule.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        found = {path: _seconds(path) for path in sorted(folder.rglob("*.tsv"))}
        self._found = {path: seconds for path, seconds in found.items() if seconds is not None}

    def seconds(self, job: Job) -> float | None:
        """How long a job took last; None where no table says."""
        return None if job.benchmark is None else self._found.get(Path(job.benchmark))

    def others(self, jobs: Iterable[Job]) -> Mapping[str, list[float]]:
        """Run times of jobs that are none of these, by rule."""
        ours = {Path(job.benchmark) for job in jobs if job.benchmark is not None}
        found: dict[str, list[float]] = {}
        for path, seconds in self._found.items():
            if path not in ours:
                rule = path.relative_to(self._folder).parts[0].removesuffix(".tsv")
                found.setdefault(rule, []).append(seconds)
        return found


def _seconds(path: Path) -> float | None:
    try:
        with path.open(encoding="utf-8", newline="") as table:
            *_, last = csv.DictReader(table, delimiter="\t")
            return float(last["s"])
    except (OSError, ValueError, KeyError):  # a table that is being written, or none of Snakemake's
        return None
