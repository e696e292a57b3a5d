"""The sources by name: what each reads, and how it becomes a trials file.

A source is a file of this folder, or of a user's own, that defines `SOURCE`. Names and the files to
fetch are known without importing the sources of the library, since Snakemake asks for them each
time it starts.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikedrift.config.check import checked
from spikedrift.config.recordings import OPTIONS, Recording
from spikedrift.config.sources import SourceOptions
from spikedrift.core.plugins import Plugins

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Source:
    """A way to make a trials Dataset.

    Attributes
    ----------
    options : subclass of SourceOptions
        Model of the recording's `options`; its `files(recording)` says what has to be fetched.
    prepare : callable
        `prepare(options, recording, seed, directory) -> Dataset`. It gets the checked options, the
        recording's id, a seed of its own, and the directory that holds the fetched files as
        `{data set}/{file}`.
    """

    options: type[SourceOptions]
    prepare: Callable[[Any, str, int, Path], "xr.Dataset"]


SOURCES = Plugins("sources", "SOURCE", Source, "source", mixed=True)
names, get = SOURCES.names, SOURCES.get


def options(recording: Recording) -> SourceOptions:
    """Options of a recording, checked by the model of its source.

    Raises
    ------
    InputError
        For an unknown source, or an option that its model refuses.
    """
    model = OPTIONS.get(recording.source) or get(recording.source).options
    return checked(model, recording.options, f"options of recording {recording.name}")


def prepare(
    recording: Recording, seed: int, directory: str | Path, terms: Mapping[str, str]
) -> "xr.Dataset":
    """Make the trials Dataset of a recording.

    Parameters
    ----------
    recording : Recording
    seed : int
        Seed of the whole run; mixed with the recording's name, so that two recordings with the
        same options differ.
    directory : path
        Holds the fetched files as `{data set}/{file}`.
    terms : mapping
        `citation` and `licence` of the recording's public files, for attributes that its source
        leaves empty.

    Raises
    ------
    InputError
        For an unknown source, and for options or files that it refuses.
    """
    checked = options(recording)
    own_seed = zlib.crc32(f"{seed} {recording.name}".encode())
    dataset = get(recording.source).prepare(checked, recording.name, own_seed, Path(directory))
    return dataset.assign_attrs({key: dataset.attrs[key] or said for key, said in terms.items()})
