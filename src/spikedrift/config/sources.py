"""Options of the sources that recordings come from."""

from typing import Literal

from pydantic import Field

from spikedrift.config.base import Options


class SourceOptions(Options):
    """Options of a source; `files` says what has to be fetched before it can run."""

    def files(self, recording: str) -> list[tuple[str, str]]:
        """Return the (data set, file) pairs of the data registry that a recording is made from."""
        return []

    def doubt(self) -> str:
        """Return why inference from the recording is refused; empty where nothing is against it."""
        return ""


class ArraysOptions(SourceOptions):
    """Spikes in the array layout of SpikeShip: epochs x units slices into one list of times."""

    dataset: str = Field(
        "allen_neuropixels_gratings",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="data set in resources/data-registry.tsv that holds the three files",
    )
    duration: float = Field(0.1, gt=0, description="length of an epoch; s")
    blocks: Literal["none", "halves"] = Field(
        "none",
        description="the layout knows no blocks; `halves` assumes that the first and the second "
        "half of the repeats were two",
    )

    def files(self, recording: str) -> list[tuple[str, str]]:
        """Return the three arrays of the data set."""
        names = ("spike_times.npy", "ii_spike_times.npy", "stim_label.npy")
        return [(self.dataset, name) for name in names]

    def doubt(self) -> str:
        """Units of this layout are pooled over sessions, and their order is undocumented."""
        return "its units are pooled over sessions and its trial order is assumed"
