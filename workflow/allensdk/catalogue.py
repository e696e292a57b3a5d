"""Write what the Allen warehouse knows of its sessions, and the cache that notebooks can open.

`catalogue.py neuropixels` asks through EcephysProjectCache, `catalogue.py two-photon` through
BrainObservatoryCache. The tables are asked anew and kept only when all have come: in the cache
directory beside the fetched files, with AllenSDK's manifest, and as TSV. What differs between the
summary and the table of sessions in use is logged; that table is not touched.
"""

import argparse
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from program import Failure, logger, network, replacing, run, server

AREAS = ("VISp", "VISl", "VISal", "VISpm", "VISrl", "VISam", "LGd", "LP")
# Movies that a session type shows, by the names in its files.
MOVIES = {
    "brain_observatory_1.1": "natural_movie_one,natural_movie_three",
    "functional_connectivity": "natural_movie_one_more_repeats,natural_movie_one_shuffled",
}
MOVIE = "natural_movie_one"
UNFILTERED = {
    "amplitude_cutoff_maximum": np.inf,
    "presence_ratio_minimum": -np.inf,
    "isi_violations_maximum": np.inf,
    "filter_by_validity": False,
    "filter_out_of_brain_units": False,
}

Tables = dict[str, pd.DataFrame]


def neuropixels(directory: Path, address: str, tries: int) -> Tables:
    """Session, probe, channel and unit tables of the Neuropixels data set, by file name."""
    from allensdk.brain_observatory.ecephys.ecephys_project_cache import EcephysProjectCache

    scheme, host = server(address)
    cache = EcephysProjectCache.from_warehouse(
        scheme=scheme, host=host, manifest=str(directory / "manifest.json"), fetch_tries=tries
    )
    sessions = cache.get_session_table()
    logger.info("%d sessions", len(sessions))
    units = cache.get_units()
    unfiltered = cache.get_units(**UNFILTERED)
    logger.info("%d units, %d with the default limits", len(unfiltered), len(units))
    counts = _counts(units).reindex(sessions.index, fill_value=0)
    unknown = sorted(set(sessions["session_type"]) - set(MOVIES))
    if unknown:
        logger.info("session types without known movies, not in the summary: %s", unknown)
    known = sessions[sessions["session_type"].isin(list(MOVIES))]
    summary = pd.DataFrame(
        {
            "session": known.index,
            "session_type": known["session_type"].to_numpy(),
            "animal": known["specimen_id"].to_numpy(),
            "stimuli": known["session_type"].map(MOVIES).to_numpy(),
            **{area: counts.loc[known.index, area].to_numpy() for area in AREAS},
            "bytes": "",
            "id_source": f"{host}, EcephysProjectCache",
        }
    )
    return {
        "neuropixels-sessions": sessions.reset_index(),
        "neuropixels-probes": cache.get_probes().reset_index(),
        "neuropixels-channels": cache.get_channels().reset_index(),
        "neuropixels-units": units.reset_index(),
        "neuropixels-units-unfiltered": unfiltered.reset_index(),
        "neuropixels": summary.sort_values("session"),
    }


def _counts(units: pd.DataFrame) -> pd.DataFrame:
    """Units of each session (rows) in each area (columns)."""
    area = units["ecephys_structure_acronym"].str.split("-").str[0]
    table = pd.crosstab(units["ecephys_session_id"], area)
    return table.reindex(columns=list(AREAS), fill_value=0)


def two_photon(directory: Path, address: str, tries: int) -> Tables:
    """Containers and experiments of the two-photon data set, by file name."""
    from allensdk.brain_observatory.stimulus_info import stimuli_in_session
    from allensdk.core.brain_observatory_cache import BrainObservatoryCache

    _, host = server(address)
    cache = BrainObservatoryCache(
        manifest_file=str(directory / "manifest.json"), base_uri=address.rstrip("/")
    )
    containers = pd.DataFrame(cache.get_experiment_containers())
    full = cache.get_ophys_experiments(simple=False)
    experiments = pd.DataFrame(cache.api.simplify_ophys_experiments(full))
    experiments["date_of_acquisition"] = [one["date_of_acquisition"] for one in full]
    logger.info("%d containers, %d experiments", len(containers), len(experiments))
    shows = experiments["session_type"].map(lambda kind: MOVIE in stimuli_in_session(kind))
    order = experiments[shows].sort_values(["date_of_acquisition", "id"])
    found = order.groupby("experiment_container_id")["id"].agg(list)
    rows = [
        {
            "session": one.id,
            "animal": one.donor_name,
            "area": one.targeted_structure,
            "depth_um": one.imaging_depth,
            "cre_line": one.cre_line,
            "stimuli": MOVIE,
            "experiments": ",".join(map(str, found[one.id])),
            "id_source": f"{host}, BrainObservatoryCache",
        }
        for one in containers.itertuples()
        if len(found.get(one.id, [])) == 3
    ]
    if not rows:
        raise Failure(f"{address} has no container with {MOVIE} in three sessions")
    return {
        "two-photon-containers": containers,
        "two-photon-experiments": experiments,
        "two-photon": pd.DataFrame(rows).sort_values("session"),
    }


WRITERS: dict[str, Callable[[Path, str, int], Tables]] = {
    "neuropixels": neuropixels,
    "two-photon": two_photon,
}


def differences(new: pd.DataFrame, used: Path) -> list[str]:
    """Say what differs between a summary and the table of sessions in use, a line each."""
    if not used.is_file():
        return [f"{used}: no such table yet; copy the summary there"]
    old = pd.read_csv(used, sep="\t", dtype=str, keep_default_na=False, comment="#")
    if "session" not in old:
        raise Failure(f"{used}: has no column 'session'")
    new = new.astype(str).set_index("session")
    old = old.set_index("session")
    lines = [f"{used}: {name} is new" for name in new.index.difference(old.index)]
    lines += [f"{used}: {name} is not in the warehouse" for name in old.index.difference(new.index)]
    both = [name for name in new.index if name in old.index]
    for column in new.columns.intersection(old.columns).difference(["id_source"]):
        for name in both:
            # An empty cell is not known, and so is no difference.
            before, after = old.at[name, column], new.at[name, column]
            if before and after and before != after:
                lines.append(f"{used}: {name}: {column} is {after}, was {before}")
    return lines


def main() -> None:
    """Write the catalogue of one data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=WRITERS)
    parser.add_argument("--warehouse", default="http://api.brain-map.org", help="address")
    parser.add_argument("--cache", type=Path, required=True, help="AllenSDK's cache directory")
    parser.add_argument(
        "--output", type=Path, required=True, help="summary (TSV); the other tables go beside it"
    )
    parser.add_argument("--compare", type=Path, help="table of sessions in use")
    parser.add_argument("--timeout", type=float, default=60.0, help="wait for the next bytes; s")
    parser.add_argument("--limit", type=float, default=3600.0, help="longest time in all; s")
    parser.add_argument("--tries", type=int, default=2, help="tries of each table")
    given = parser.parse_args()

    given.cache.mkdir(parents=True, exist_ok=True)
    # On the same file system: what AllenSDK writes in place is moved when it is whole.
    with tempfile.TemporaryDirectory(prefix=".catalogue.", dir=given.cache) as scratch:
        with network(given.warehouse, given.timeout, given.limit):
            try:
                tables = WRITERS[given.what](Path(scratch), given.warehouse, given.tries)
            except (Failure, OSError):  # of the network: said better by who asked for it
                raise
            except Exception as error:  # an answer is not checked: AllenSDK fails on it anywhere
                logger.info("%s", traceback.format_exc())
                raise Failure(
                    f"{given.warehouse} answers, but not with what AllenSDK expects "
                    f"({type(error).__name__}: {error})"
                ) from error
        for path in sorted(Path(scratch).iterdir()):
            path.replace(given.cache / path.name)
    paths = {name: given.output.with_name(f"{name}.tsv") for name in tables}
    for name, path in (paths | {given.what: given.output}).items():
        with replacing(path) as temporary:
            tables[name].to_csv(temporary, sep="\t", index=False)
    if given.compare is not None:
        lines = differences(tables[given.what], given.compare)
        for line in lines or [f"{given.compare}: nothing differs"]:
            logger.info("%s", line)


if __name__ == "__main__":
    run(main)
