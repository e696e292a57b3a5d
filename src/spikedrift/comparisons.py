"""Which recording is held against which sweep: comparisons of several recordings, one by one.

Imports nothing heavy: Snakemake asks for it at every start.
"""

from spikedrift.config.compare import MIN_ANIMALS, Comparison
from spikedrift.config.root import Config
from spikedrift.errors import InputError
from spikedrift.sources.roster import Roster


class Comparisons:
    """Entries of `comparisons`, each of one recording.

    Parameters
    ----------
    config : Config
    roster : Roster

    Attributes
    ----------
    entries : dict of str -> Comparison
        By file of the results: `{comparison}`, or `{comparison}.{recording}` where an entry names
        several.
    places : dict of str -> str
        Where in the configuration the recording of each stands.
    groups : dict of comparison -> list of str
        Entries that are taken together over animals.
    notices : list of str
        What is not made, and why.

    Raises
    ------
    InputError
        Where no recording of a cohort has the units of the selection.
    """

    def __init__(self, config: Config, roster: Roster) -> None:
        self.entries: dict[str, Comparison] = {}
        self.places: dict[str, str] = {}
        self.groups: dict[str, list[str]] = {}
        self.notices: list[str] = []
        selections = {selection.name: selection for selection in config.selections}
        for index, entry in enumerate(config.comparisons):
            where = f"config: comparisons[{index}]"
            if entry.recording is not None:
                self.entries[entry.name] = entry
                self.places[entry.name] = f"{where}.recording"
                continue
            key, names = "recordings", list(entry.recordings or ())
            if entry.cohort is not None:
                key, selection = "cohort", selections[entry.selection]
                names = [
                    name
                    for name in roster.cohorts.get(entry.cohort, [])
                    if roster.analyzes(name, selection)
                ]
                if not names:
                    raise InputError(
                        f"{where}.cohort: no recording of {entry.cohort} has the units of the "
                        f"selection {entry.selection}"
                    )
            members = [f"{entry.name}.{name}" for name in names]
            for member, name in zip(members, names, strict=True):
                self.places[member] = f"{where}.{key}"
                self.entries[member] = entry.model_copy(
                    update={"name": member, "recording": name, "recordings": None, "cohort": None}
                )
            if len(members) >= MIN_ANIMALS:
                self.groups[entry.name] = members
            else:
                self.notices.append(
                    f"comparison {entry.name}: {len(members)} recordings, leaving animals out "
                    f"needs {MIN_ANIMALS}; each is scored by itself"
                )
