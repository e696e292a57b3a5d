"""Options of the sources that recordings come from."""

import re
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from spikedrift.config.base import Location, Options


def series_path(text: str) -> tuple[str, int | None]:
    """Path of a series in a file, and the column that is meant: `module/series[0]`.

    Raises
    ------
    ValueError
        For another form.
    """
    parts = re.fullmatch(r"(/?[^/\[\]]+(?:/[^/\[\]]+)*)(?:\[(\d+)\])?", text)
    if parts is None:
        raise ValueError(f"{text!r} must be a path, or a path and a column: module/series[0]")
    return parts[1], None if parts[2] is None else int(parts[2])


class SourceOptions(Options):
    """Options of a source; `files` says what has to be fetched before it can run.

    Where `timing` is false, its recordings hold no spike times, and timing measures are left out.
    `quality` are the columns that selections may limit; None where only the file can tell.
    """

    timing: ClassVar[bool] = True
    quality: ClassVar[tuple[str, ...] | None] = None

    def files(self, recording: str) -> list[tuple[str, str]]:
        """Return the (data set, file) pairs of the data registry that a recording is made from."""
        return []

    def paths(self, recording: str) -> list[str]:
        """Return files of the user's own that a recording is made from."""
        return []

    def known_populations(self) -> tuple[str, ...] | None:
        """Return the populations that units can be of; None where only the file can tell."""
        return None

    def streamed(self, recording: str) -> bool:
        """Whether the source reads from the network, which compute nodes do not have."""
        return False

    def caveat(self) -> str:
        """Return why inference from the recording is refused; empty where nothing is against it."""
        return ""


class ArraysOptions(SourceOptions):
    """Spikes in the array layout of SpikeShip: epochs x units slices into one list of times."""

    quality: ClassVar[tuple[str, ...] | None] = ()

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

    def caveat(self) -> str:
        """Return why: units are pooled over sessions, and the order of trials is undocumented."""
        return "its units are pooled over sessions and its trial order is assumed"


class NeuropixelsOptions(SourceOptions):
    """A session of the Allen Brain Observatory, Visual Coding Neuropixels.

    The recording's name says which: `{session}.{movie}`, such as `715093703.natural_movie_one`.
    """

    areas: tuple[str, ...] = Field(
        ("VISp", "VISl", "VISal", "VISpm", "VISrl", "VISam", "LGd", "LP"),
        min_length=1,
        description="areas whose units are taken",
    )
    segment_frames: int = Field(
        30, ge=1, description="frames of the movie in a segment, which is a trial; frames"
    )

    def known_populations(self) -> tuple[str, ...] | None:
        """Return the areas that are taken."""
        return self.areas

    def files(self, recording: str) -> list[tuple[str, str]]:
        """Return the session's NWB file."""
        session = recording.partition(".")[0]
        return [("visual-coding-neuropixels", f"session_{session}/session_{session}.nwb")]


class TwoPhotonOptions(SourceOptions):
    """A container of the Allen Brain Observatory, Visual Coding two-photon: one field, many days.

    The recording's name says which: `{container}.natural_movie_one`.
    """

    timing: ClassVar[bool] = False

    experiments: tuple[int, ...] = Field(
        min_length=1, description="ids of the container's experiments, one per day, in any order"
    )
    segment_frames: int = Field(
        30, ge=2, description="frames of the movie in a segment, which is a trial; frames"
    )

    @field_validator("experiments")
    @classmethod
    def _once(cls, experiments: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(experiments)) < len(experiments):
            raise ValueError("an experiment is listed twice")
        return experiments

    def files(self, recording: str) -> list[tuple[str, str]]:
        """Return an NWB file and a file of events for every experiment."""
        names = ("ophys_experiment_data/{}.nwb", "ophys_experiment_events/{}_events.npz")
        return [
            ("visual-coding-2p", name.format(experiment))
            for experiment in self.experiments
            for name in names
        ]


class ShownOptions(SourceOptions):
    """Which intervals of a table are trials, and what its columns say of them."""

    where: dict[str, str | bool | float | list[str | bool | float]] = Field(
        default_factory=dict, description="column: value, or list of values, of intervals to take"
    )
    segment: str | None = Field(
        None,
        description="column that tells which part of the stimulus was shown (with segment_frames: "
        "the frame's number); null: all intervals show the same",
    )
    segment_frames: int | None = Field(
        None, ge=1, description="frames in a segment, where an interval is a frame of a movie"
    )
    first_frame: int | None = Field(
        None,
        description="number of the movie's first frame, with segment_frames: numbers that are not "
        "shown are missing frames; null: the movie's frames are those that are shown at all",
    )
    repeat: str | None = Field(
        None, description="column that counts repeats; null: showings of a segment are counted"
    )
    block: str | None = Field(
        None, description="column whose value changes where a new block starts; null: see block_gap"
    )
    block_gap: float | None = Field(
        None,
        gt=0,
        description="a longer pause starts a new block; null: one block; s",
    )
    offset: float = Field(0.0, description="start of a trial from the start of its interval; s")
    duration: float | None = Field(
        None, gt=0, description="length of a trial; null: to the end of its interval; s"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.segment_frames is not None:
            for key in ("repeat", "duration"):
                if getattr(self, key) is not None:
                    raise ValueError(f"{key} does not go with segment_frames, which counts frames")
            if self.segment is None or self.offset:
                raise ValueError("segment_frames needs segment, the frame's number, and no offset")
        elif self.first_frame is not None:
            raise ValueError("first_frame needs segment_frames")
        if self.block is not None and self.block_gap is not None:
            raise ValueError("block and block_gap exclude each other")
        return self


class NwbFileOptions(SourceOptions):
    """An NWB file, and its tables of units and of intervals."""

    file: Location = Field(
        description="path, or address to stream from (https://..., s3://bucket/key); {session} and "
        "{stimulus} stand for the two parts of the recording's name. With `dataset`: the file's "
        "name there",
    )
    dataset: str | None = Field(
        None,
        description="data set in resources/data-registry.tsv that the file is fetched from; "
        "null: `file` is a path or an address",
    )
    units: str | None = Field(
        None,
        description="path of the table of units in the file; null: /units, or the only one",
    )
    intervals: str = Field(
        "trials", description="name of the table of intervals, or its path in the file"
    )


class NwbOptions(ShownOptions, NwbFileOptions):
    """Any NWB 2 file with a table of units and a table of intervals.

    Every interval that `where` leaves is a trial; or, with `segment_frames`, every interval is a
    frame of a movie, and trials are segments of that many frames.
    """

    population: str | None = Field(
        None,
        description="column of units that holds area or group, or a column of electrodes (such as "
        "location), looked up through the unit's first electrode; null: all units are one group",
    )
    unit_id: str | None = Field(
        None, description="column of units that names them; null: the ids of the table"
    )
    running_speed: str | None = Field(
        None,
        description="series of running speed by its path in the file, such as behavior/speed; "
        "with [k] its column k; read in cm/s",
    )
    pupil_area: str | None = Field(
        None, description="series of pupil area by its path in the file, likewise; in its own unit"
    )
    citation: str = Field("", description="whom to cite; default: what the file says")
    licence: str = Field("", description="terms under which the data are used")

    @field_validator("running_speed", "pupil_area")
    @classmethod
    def _path(cls, value: str | None) -> str | None:
        if value is not None:
            series_path(value)
        return value

    def behavior(self) -> dict[str, str]:
        """Return the paths of the series of behavior, by the name of the trial's column."""
        paths = {"running_speed": self.running_speed, "pupil_area": self.pupil_area}
        return {name: path for name, path in paths.items() if path is not None}

    def location(self, recording: str) -> str:
        """Return path, address or name of the file of a recording."""
        return _named(self.file, recording)

    def files(self, recording: str) -> list[tuple[str, str]]:
        """Return the file, where it is one of a registered data set."""
        return [] if self.dataset is None else [(self.dataset, self.location(recording))]

    def paths(self, recording: str) -> list[str]:
        """Return the file, where it is the user's own."""
        own = self.dataset is None and not self.streamed(recording)
        return [self.location(recording)] if own else []

    def streamed(self, recording: str) -> bool:
        """Whether the file is an address."""
        return self.dataset is None and "://" in self.location(recording)


class PhyFilesOptions(SourceOptions):
    """The folder of a sorting, and a table of trials."""

    directory: Location = Field(
        description="folder with spike_times.npy and the rest; {session} and {stimulus} stand for "
        "the two parts of the recording's name"
    )
    trials: Location = Field(
        description="table of trials, likewise: with commas where its name ends in .csv, otherwise "
        "with tabs; start_time and stop_time in s from the start of what was sorted"
    )


class PhyOptions(ShownOptions, PhyFilesOptions):
    """What a spike sorter left in the format of Phy, with a table of trials.

    Kilosort writes it, and SpikeInterface exports any sorting to it (`export_to_phy`).
    """

    sample_rate: float | None = Field(
        None, gt=0, description="samples a second; null: sample_rate of params.py; Hz"
    )
    label: str = Field(
        "group", description="column of the clusters' tables (cluster_*.tsv) that says what is good"
    )
    good: list[str] | None = Field(
        ["good"], min_length=1, description="labels of clusters that are units; null: all clusters"
    )
    unit_id: str | None = Field(
        None,
        description="column of the clusters' tables that names units, such as si_unit_id of "
        "SpikeInterface; null: the number of the cluster",
    )
    population: str | None = Field(
        None,
        description="column of the clusters' tables that holds area or group; null: all units are "
        "one group",
    )
    subject: str = Field("", description="name of the animal; default: the session")
    citation: str = Field("", description="whom to cite")
    licence: str = Field("", description="terms under which the data are used")

    def folder(self, recording: str) -> str:
        """Return the folder of a recording."""
        return _named(self.directory, recording)

    def table(self, recording: str) -> str:
        """Return the table of trials of a recording."""
        return _named(self.trials, recording)

    def paths(self, recording: str) -> list[str]:
        """Return the table of trials and those files of the folder that are read."""
        folder = Path(self.folder(recording))
        clusters = "spike_clusters.npy"  # written when a sorting is curated
        if not (folder / clusters).exists() and (folder / "spike_templates.npy").exists():
            clusters = "spike_templates.npy"
        names = ["spike_times.npy", clusters, *(["params.py"] if self.sample_rate is None else [])]
        tables = sorted(folder.glob("cluster_*.tsv"))
        return [self.table(recording), *(str(folder / name) for name in names), *map(str, tables)]


def _named(location: str, recording: str) -> str:
    """Location of a recording: {session} and {stimulus} are the parts of its name."""
    session, _, stimulus = recording.partition(".")
    return location.replace("{session}", session).replace("{stimulus}", stimulus)
