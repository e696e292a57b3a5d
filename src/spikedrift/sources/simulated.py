"""A simulated network seen as a recording: its blocks, with fewer units and with added noise.

The rule of the network is known, so that what a comparison finds can be judged. Everything that is
drawn here (which units, which spikes are missed, foreign spikes, jitter) has a random stream of its
own: no option changes what another draws.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import xarray as xr

from spikedrift import __version__, trials
from spikedrift.config.simulated import SimulatedOptions
from spikedrift.core.errors import InputError
from spikedrift.sources.registry import Source

SEEN = ("segment", "repeat", "block", "session", "presentation_index", "start_time", "duration")


def record(run: xr.Dataset, options: SimulatedOptions, recording: str, seed: int) -> xr.Dataset:
    """Turn a simulation into a recording in the trials contract.

    Trials of phases other than `block` are left out, and so is when plasticity acted.

    Parameters
    ----------
    run : trials Dataset
        The simulation.
    options : SimulatedOptions
    recording : str
        Id, `{session}.{stimulus}`.
    seed : int, not negative

    Raises
    ------
    InputError
        Where the run has no trials in blocks, fewer units than `units`, or no spike times.
    """
    blocks = run["phase"].values.astype(str) == "block"
    if not blocks.any():
        raise InputError(f"recording {recording}: {_id(run)} has no trials of phase block")
    if "event_amplitude" in run:
        raise InputError(f"recording {recording}: {_id(run)} holds events and no spike times")
    run = trials.select(run, trials=blocks, units=_units(run, options, recording, seed))
    trial, unit, time = _spikes(run, options, seed)
    n_trials, n_units = run["spike_count"].shape
    spike_time, spike_count = trials.ragged(trial, unit, time, (n_trials, n_units))
    session, _, stimulus = recording.rpartition(".")
    return trials.assemble(
        spike_time,
        spike_count,
        recording=recording,
        kind="synthetic",
        trial={"stimulus": stimulus, **{name: run[name].values for name in SEEN}},
        unit={name: run[name].values.astype(str) for name in ("unit_id", "population")},
        observed=run["observed"].values,
        attributes={
            "source": "spikedrift.sources.simulated",
            "parameters": {
                **options.model_dump(mode="json"),
                "seed": seed,
                "run": _id(run),
                "network": json.loads(run.attrs["parameters"]),
            },
            "software": {"spikedrift": __version__, "numpy": np.__version__},
            "subject": session,
            "assumptions": "simulated network with a known rule, seen as a recording",
        },
    )


def _id(run: xr.Dataset) -> str:
    return str(run.attrs["recording"])


def _stream(seed: int, name: str) -> np.random.Generator:
    """Return the random stream of one purpose."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _units(run: xr.Dataset, options: SimulatedOptions, recording: str, seed: int) -> np.ndarray:
    """Indices of the units that are kept, in their order."""
    there = run.sizes["unit"]
    wanted = there if options.units is None else options.units
    if wanted > there:
        raise InputError(
            f"recording {recording}: units: {wanted}, but {_id(run)} has {there} units"
        )
    return np.sort(_stream(seed, "units").permutation(there)[:wanted])


def _spikes(
    run: xr.Dataset, options: SimulatedOptions, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Trial, unit and time (s) of every spike of the recording, in no order."""
    duration = run["duration"].values
    trial, unit = trials.spike_cells(run)
    kept = _stream(seed, "loss").random(trial.size) >= options.spike_loss
    trial, unit = trial[kept], unit[kept]
    noise = _stream(seed, "jitter").standard_normal(kept.size)[kept]
    # Times are reflected at the ends of the trial, so that none leaves it.
    time = np.mod(run["spike_time"].values[kept] + options.jitter * noise, 2 * duration[trial])
    time = np.minimum(time, 2 * duration[trial] - time)

    rng = _stream(seed, "background")
    mean = options.background * duration[:, None] * run["observed"].values
    count = rng.poisson(mean)
    foreign_trial, foreign_unit = np.divmod(
        np.repeat(np.arange(count.size), count.ravel()), count.shape[1]
    )
    foreign = rng.random(foreign_trial.size) * duration[foreign_trial]
    trial = np.concatenate([trial, foreign_trial])
    time = np.concatenate([time, foreign])
    last = np.nextafter(duration, 0)[trial]
    return trial, np.concatenate([unit, foreign_unit]), np.minimum(time, last)


def _prepare(options: SimulatedOptions, recording: str, seed: int, directory: Path) -> xr.Dataset:
    if options.trials is None:
        raise InputError(
            f"recording {recording}: its run of sweep {options.sweep} was not looked up; "
            "give the path of its trials file as `trials`"
        )
    return record(trials.read(options.trials), options, recording, seed)


SOURCE = Source(options=SimulatedOptions, prepare=_prepare)
