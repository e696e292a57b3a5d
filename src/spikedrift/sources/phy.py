"""What a spike sorter left in the format of Phy, with a table of trials of one's own.

`spike_times.npy` holds the samples at which there were spikes, `spike_clusters.npy` their clusters,
and tables `cluster_*.tsv` what is known of clusters: their group, quality, depth. docs/exchange.md
walks through an example.
"""

import ast
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from pynwb.core import DynamicTable, VectorData

from spikedrift import __version__, trials
from spikedrift.config.sources import PhyOptions
from spikedrift.core.errors import InputError, unknown
from spikedrift.sources.hdf5 import reason
from spikedrift.sources.labels import as_labels, as_text
from spikedrift.sources.registry import Source
from spikedrift.sources.shown import shown

logger = logging.getLogger(__name__)

MISSING = ("", "nan", "NaN")
CLUSTER = ("cluster_id", "id")  # what the column of clusters is called, by newer and older Phy
SUMMARY = "cluster_info.tsv"  # written when Phy is closed; the other tables are what it was made of


def read(options: PhyOptions, recording: str) -> xr.Dataset:
    """Read a sorting through the trials contract.

    A cluster is a unit if it has a spike and its label is one of `options.good`. Columns of the
    clusters' tables become quality columns.

    Parameters
    ----------
    options : PhyOptions
    recording : str
        Id, `{session}.{stimulus}`.

    Raises
    ------
    InputError
        Naming the file, and the column, row or spike at fault; also where a trial starts after the
        last spike, as it does where its time is not in s.
    """
    folder, where = Path(options.folder(recording)), options.table(recording)
    sample, cluster = _spikes(folder)
    rate = options.sample_rate or _sample_rate(folder / "params.py")
    time = sample / rate
    seen = shown(_table(Path(where)), options, where)
    kept = seen.whole
    if not kept.any():
        raise InputError(f"{where}: no trial is left of {kept.size}; all are truncated")
    if (late := seen.start > time.max()).any():
        row = int(np.argmax(late))
        raise InputError(
            f"{where}: trial {row} starts at {seen.start[row]:g} s, after the last spike of "
            f"{folder} at {time.max():g} s ({rate:g} samples a second); times of trials "
            "are in s from the start of what was sorted"
        )
    clusters = _clusters(folder)
    ids = _good(folder, np.unique(cluster), clusters, options)
    columns = {name: values.reindex(ids) for name, values in clusters.items()}
    unit = {"unit_id": ids.astype(str)}
    if options.unit_id is not None:
        unit["unit_id"] = _labels(folder, columns, options.unit_id)
        names, count = np.unique(unit["unit_id"], return_counts=True)
        if (count > 1).any():
            raise InputError(
                f"{folder}: several clusters have the {options.unit_id} '{names[np.argmax(count)]}'"
            )
    if options.population is not None:
        unit["population"] = _labels(folder, columns, options.population)
    trial = seen.columns(kept, recording.partition(".")[2])
    taken = np.isin(cluster, ids)
    spike_time, spike_count = trials.cut(
        time[taken],
        np.searchsorted(ids, cluster[taken]),
        trial["start_time"],
        trial["duration"],
        ids.size,
    )
    left_out = {
        "clusters_left_out": int(np.unique(cluster).size - ids.size),
        "trials_truncated": int((~kept).sum()),
        "trials_unlabeled": seen.unlabeled,
    }
    logger.info("%s: %d units; left out: %s", recording, ids.size, left_out)
    subject = options.subject
    return trials.assemble(
        spike_time,
        spike_count,
        recording=recording,
        kind="data",
        trial=trial,
        unit=unit,
        quality={name: _values(values) for name, values in columns.items()},
        attributes={
            "source": "spikedrift.sources.phy",
            "citation": options.citation,
            "licence": options.licence,
            "parameters": {**options.model_dump(), "sample_rate": rate, **left_out},
            "software": {"spikedrift": __version__, "numpy": np.__version__},
            "subject": f"animal {subject}" if subject else f"session {recording.partition('.')[0]}",
        },
    )


def _labels(folder: Path, columns: dict[str, pd.Series], name: str) -> np.ndarray:
    """Text of a column of the clusters' tables, which has one for every unit."""
    if name not in columns:
        raise unknown(f"{folder}: no cluster_*.tsv has a column", name, columns)
    label = as_labels(_values(columns[name]))
    if label.missing.any():
        lost = columns[name].index[label.missing][0]
        raise InputError(f"{folder}: cluster {lost} has no {name!r} in cluster_*.tsv")
    return as_text(label.value)


def _spikes(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Sample and cluster of every spike: int64, shape (n_spikes,)."""
    found = []
    clusters = folder / "spike_clusters.npy"  # where it is missing, nobody has curated yet
    templates = folder / "spike_templates.npy"
    for path in (folder / "spike_times.npy", clusters if clusters.exists() else templates):
        if not path.is_file():
            raise InputError(f"{path}: no such file; {folder} must be the folder that Phy opens")
        try:
            values = np.load(path, allow_pickle=False)
        except Exception as error:  # numpy raises errors of many kinds
            raise InputError(f"{path}: not a readable .npy array ({reason(error)})") from None
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "iu":
            what = values.dtype if isinstance(values, np.ndarray) else "an archive"
            raise InputError(f"{path}: holds {what}, must be whole numbers, one a spike")
        if values.size != max(values.shape, default=0) or values.size == 0:
            raise InputError(f"{path}: has shape {values.shape}, must be one number a spike")
        if (values < 0).any():
            raise InputError(f"{path}: spike {int(np.argmax(values.ravel() < 0))} is below 0")
        found.append(values.ravel().astype(np.int64))
    if found[0].size != found[1].size:
        raise InputError(
            f"{folder}: spike_times.npy has {found[0].size} spikes, but {found[1].size} of them "
            "have a cluster; copy both anew"
        )
    return found[0], found[1]


def _sample_rate(path: Path) -> float:
    """Sample rate that params.py sets to a number, which is read and not run; Hz."""
    try:
        lines = ast.parse(path.read_text(encoding="utf-8")).body
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); set the option sample_rate") from None
    for line in lines:
        if not isinstance(line, ast.Assign) or not any(
            isinstance(name, ast.Name) and name.id == "sample_rate" for name in line.targets
        ):
            continue
        try:
            rate = float(ast.literal_eval(line.value))
        except (ValueError, TypeError):
            rate = 0.0
        if np.isfinite(rate) and rate > 0:
            return rate
    raise InputError(f"{path}: sets sample_rate to no number above 0; set the option sample_rate")


def _table(path: Path) -> DynamicTable:
    """Table of trials of a file, as one of NWB, so that both are read alike."""
    read = _frame(path, "," if path.suffix == ".csv" else "\t")
    names = [str(name) for name in read.columns]
    for name in ("start_time", "stop_time"):
        if name in names and len(read) and read[name].dtype.kind not in "iuf":
            raise InputError(f"{path}: column {name!r} must hold numbers, s")
    return DynamicTable(
        name="trials",
        description=str(path),
        columns=[
            VectorData(name=name, description=name, data=_values(read[name])) for name in names
        ],
    )


def _clusters(folder: Path) -> dict[str, pd.Series]:
    """Columns of the clusters' tables by name; their index are clusters."""
    out: dict[str, pd.Series] = {}
    paths = sorted(folder.glob("cluster_*.tsv"), key=lambda path: (path.name != SUMMARY, path.name))
    for path in paths:
        read = _frame(path, "\t")
        key = next((name for name in CLUSTER if name in read.columns), None)
        if key is None:
            raise unknown(f"{path}: no column", CLUSTER[0], map(str, read.columns))
        if read[key].dtype.kind not in "iu" or read[key].duplicated().any():
            raise InputError(f"{path}: column {key!r} must hold whole numbers, each of them once")
        table = read.set_index(key)
        out |= {str(name): table[name] for name in table.columns}
    return out


def _good(
    folder: Path, there: np.ndarray, clusters: dict[str, pd.Series], options: PhyOptions
) -> np.ndarray:
    """Clusters that are units, in increasing order: those that have spikes and a good label."""
    if options.good is None:
        return there
    if options.label not in clusters:
        raise unknown(
            f"{folder}: no cluster_*.tsv has the label (good: null takes all clusters)",
            options.label,
            clusters,
        )
    label = as_text(_values(clusters[options.label].reindex(there)))
    ids = there[np.isin(label, options.good)]
    if ids.size == 0:
        found = ", ".join(np.unique(label).tolist()[:10])
        raise InputError(
            f"{folder}: no cluster has the {options.label} {' or '.join(options.good)}; there are "
            f"{found} (option good)"
        )
    return ids


def _frame(path: Path, separator: str) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        # Only what is empty or no number is missing: NA or None may be the name of an area.
        return pd.read_csv(path, sep=separator, keep_default_na=False, na_values=MISSING)
    except Exception as error:  # pandas raises errors of many kinds
        raise InputError(f"{path}: not a readable table ({reason(error)})") from None


def _values(column: pd.Series) -> np.ndarray:
    """Values of a column: numbers, true or false, or text, empty where it is missing."""
    if column.dtype.kind in "biuf":
        return column.to_numpy()
    return column.fillna("").astype(str).to_numpy(dtype=str)


SOURCE = Source(
    options=PhyOptions,
    prepare=lambda options, recording, seed, directory: read(options, recording),
)
