"""Recordings of a configuration: those that it names, those of its cohorts, and its pools."""

from collections.abc import Iterable
from pathlib import Path

from spikedrift.config.recordings import Cohort, Pool, Recording
from spikedrift.config.root import Config
from spikedrift.config.selections import Selection
from spikedrift.core.errors import InputError, unknown
from spikedrift.plan.sessions import sessions


class Recordings:
    """Recordings and pools of a configuration, and the selections for which they have units.

    Parameters
    ----------
    config : Config
    root : path
        Folder of the project, which may hold tables of sessions.

    Attributes
    ----------
    recordings : dict of Recording, by name
    pools : dict of list of str
        Names of the recordings that each pool joins.

    Raises
    ------
    InputError
        Where a table of sessions lacks what a cohort asks for, a name is used twice, or a pool
        joins a recording that does not exist.
    """

    def __init__(self, config: Config, root: Path) -> None:
        self.recordings: dict[str, Recording] = {entry.name: entry for entry in config.recordings}
        self.pools: dict[str, list[str]] = {}
        self._cohort_of: dict[str, Cohort] = {}
        self._units: dict[str, dict[str, int | None]] = {}
        for index, cohort in enumerate(config.cohorts):
            where = f"config: cohorts[{index}]"
            for entry in sessions(cohort, root, where):
                name = entry.recording.name
                if name in self.recordings:
                    raise InputError(f"{where}: {name!r} is a recording already")
                self.recordings[name] = entry.recording
                self._cohort_of[name] = cohort
                self._units[name] = entry.units
        for index, pool in enumerate(config.pools):
            self.pools[pool.name] = self._members(pool, f"config: pools[{index}]")

    @property
    def names(self) -> list[str]:
        """Recordings and pools: everything that is analyzed, except simulations."""
        return [*self.recordings, *self.pools]

    @property
    def cohorts(self) -> dict[str, list[str]]:
        """Names of the recordings of each cohort."""
        found: dict[str, list[str]] = {}
        for name, cohort in self._cohort_of.items():
            found.setdefault(cohort.name, []).append(name)
        return found

    def _members(self, pool: Pool, where: str) -> list[str]:
        stimulus = pool.name.partition(".")[2]
        members = pool.recordings or [
            name
            for name, cohort in self._cohort_of.items()
            if cohort.name == pool.cohort and name.partition(".")[2] == stimulus
        ]
        for name in members:
            if name not in self.recordings:
                raise unknown(f"{where}.recordings: no recording", name, self.recordings)
        if len(members) < 2:
            raise InputError(f"{where}: {pool.name} joins {len(members)} recordings, not two")
        if pool.name in self.recordings:
            raise InputError(f"{where}: {pool.name!r} is a recording already")
        return members

    def analyzes(self, name: str, selection: Selection) -> bool:
        """Whether a selection is meant for a recording, pool or sweep that has the units for it."""
        named = {name}
        if name in self._cohort_of:
            named.add(self._cohort_of[name].name)
        meant = selection.recordings is None or not named.isdisjoint(selection.recordings)
        return meant and not self._too_few(name, selection)

    def _counts(self, name: str, selection: Selection) -> list[int | None]:
        """Units in a selection's populations by the table of sessions; empty where it has none."""
        known = self._units.get(name, {})
        return [known[area] for area in selection.population or () if area in known]

    def _too_few(self, name: str, selection: Selection) -> bool:
        """Whether the table of sessions says, or may hide, that a selection finds too few units."""
        counts = self._counts(name, selection)
        if not counts or len(counts) < len(selection.population or ()):
            return False
        needed = max(selection.min_units, selection.units or 0)
        return None in counts or sum(filter(None, counts)) < needed

    def notices(self, selections: Iterable[Selection]) -> list[str]:
        """Lines on what is left out because a table of sessions lacks numbers of units."""
        hidden: dict[str, tuple[set[str], set[str]]] = {}
        for selection in selections:
            for name, cohort in self._cohort_of.items():
                if None in self._counts(name, selection):
                    names, titles = hidden.setdefault(cohort.table, (set(), set()))
                    names.add(name)
                    titles.add(selection.name)
        return [
            f"{table} does not say how many units {len(names)} recordings have for the selections "
            f"{', '.join(sorted(titles))}: left out; fill in the table (snakemake catalogue "
            "makes that of the Allen data sets)"
            for table, (names, titles) in hidden.items()
        ]
