"""The generic NWB source, on files that pynwb itself wrote."""

import functools
import http.server
import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pynwb
import pytest
from forks import snakemake
from hdmf.common import EnumData

from spikedrift import trials
from spikedrift.config.check import checked
from spikedrift.config.selections import Selection
from spikedrift.config.sources import NwbOptions
from spikedrift.core.errors import InputError
from spikedrift.sources import nwb
from spikedrift.sources.hdf5 import public_url
from spikedrift.sources.nwb_file import open_nwb
from spikedrift.spikes import selections

N_UNITS, N_TRIALS, SEED = 6, 24, 3
AREAS = ("VISp", "VISl")
LABELS = ("good", "mua", "good", "", "noise", "good")


def spikes() -> list[np.ndarray]:
    rng = np.random.default_rng(SEED)
    return [np.sort(rng.uniform(0, 200, 400 + 50 * unit)) for unit in range(N_UNITS)]


def starts() -> np.ndarray:
    """Two blocks of twelve trials, 60 s apart."""
    return np.concatenate([np.arange(12) * 5.0, 120 + np.arange(12) * 5.0]) + 1.25


def write(path: Path, *, obs_intervals=False, invalid=False, electrodes=True, frames=False) -> Path:
    """Write a session in pynwb's own words: trials, units, electrodes, running speed."""
    file = pynwb.NWBFile("a session", "session-7", datetime(2020, 1, 1, tzinfo=UTC))
    file.subject = pynwb.file.Subject(subject_id="m12", species="Mus musculus")
    file.related_publications = ("doi:10.1000/own",)
    device = file.create_device("probe")
    for area in AREAS:
        group = file.create_electrode_group(area, area, area, device)
        file.add_electrode(location=area, group=group)
    file.add_unit_column("presence_ratio", "share of the session")
    file.add_unit_column("label", "a text")
    for unit, times in enumerate(spikes()):
        more = {"electrodes": [unit % 2]} if electrodes else {}
        if obs_intervals:
            more["obs_intervals"] = [[0.0, 200.0 if unit else 100.0]]
        file.add_unit(
            spike_times=times, presence_ratio=0.9 + unit / 100, label=LABELS[unit], **more
        )
    file.add_trial_column("direction", "grating direction, deg")
    file.add_trial_column("kind", "stimulus kind")
    for number, start in enumerate(starts()):
        kind = "movie" if number % 6 == 5 else "grating"
        file.add_trial(start, start + 2.0, direction=float(90 * (number % 3)), kind=kind)
    if frames:
        table = pynwb.epoch.TimeIntervals(name="movie_presentations", description="frames")
        table.add_column("frame", "number")
        for number, start in enumerate(np.arange(60) * 0.034 + 10):
            table.add_row(start_time=start, stop_time=start + 0.034, frame=float(number % 20))
        file.add_time_intervals(table)
    if invalid:
        file.add_invalid_time_interval(start_time=2.0, stop_time=2.5)
    running = file.create_processing_module("behavior", "behavior")
    running.add(
        pynwb.TimeSeries(
            name="speed", data=np.arange(2000.0), unit="cm/s", starting_time=0.0, rate=10.0
        )
    )
    with pynwb.NWBHDF5IO(path, "w") as io:
        io.write(file)
    return path


OPTIONS = {
    "file": "x",
    "segment": "direction",
    "where": {"kind": "grating"},
    "block_gap": 30.0,
    "population": "location",
}


def options(**more) -> NwbOptions:
    return NwbOptions(**{**OPTIONS, **more})


def test_trials_units_and_spikes_are_those_of_the_file(tmp_path):
    data = nwb.read(
        write(tmp_path / "own.nwb"), options(running_speed="behavior/speed"), "m.grating"
    )
    kept = np.flatnonzero(np.arange(N_TRIALS) % 6 != 5)
    start = starts()[kept]
    np.testing.assert_array_equal(data["start_time"], start)
    np.testing.assert_array_equal(data["segment"], kept % 3)
    np.testing.assert_array_equal(data["block"], (kept >= 12).astype(int))
    for segment in range(3):
        mine = data["segment"].values == segment
        later = [0, 1, 4, 5] if segment == 2 else np.arange(8)  # a repeat lies in one block
        np.testing.assert_array_equal(data["repeat"].values[mine], later)
    assert data["population"].values.tolist() == [AREAS[unit % 2] for unit in range(N_UNITS)]
    np.testing.assert_allclose(
        trials.quality(data, "presence_ratio"), 0.9 + np.arange(N_UNITS) / 100
    )
    assert trials.quality_names(data) == ["presence_ratio", "label"]
    assert trials.quality(data, "label").tolist() == list(LABELS)
    assert set(data["segment_name"].values) == {"0", "90", "180"}
    expected = [
        [np.count_nonzero((times >= first) & (times < first + 2)) for times in spikes()]
        for first in start
    ]
    np.testing.assert_array_equal(data["spike_count"], expected)
    here = spikes()[0]
    here = here[(here >= start[0]) & (here < start[0] + 2)]
    np.testing.assert_allclose(data["spike_time"].values[: here.size], here - start[0], atol=1e-12)
    samples = np.arange(2000)[
        (np.arange(2000) / 10 >= start[3]) & (np.arange(2000) / 10 < start[3] + 2)
    ]
    assert data["running_speed"].values[3] == pytest.approx(samples.mean())
    assert data.attrs["subject"] == "animal m12"
    assert data.attrs["citation"] == "doi:10.1000/own"


COLLIDING = (
    "start_time",
    "spike_count",
    "segment",
    "running_speed",
    "population",
    "unit_id",
    "quality_x",
    "duration",
    "observed",
    "recording",
)


@pytest.mark.fault("names", "columns of units with names of the contract")
def test_columns_of_units_with_names_of_the_contract_stay_beside_it(tmp_path):
    plain, path = write(tmp_path / "plain.nwb"), tmp_path / "own.nwb"
    with pynwb.NWBHDF5IO(plain, "r") as source:
        file = source.read()
        for number, name in enumerate(COLLIDING):
            data = list(np.arange(N_UNITS) + 10.0 * number)
            file.units.add_column(name=name, description=name, data=data)
        with pynwb.NWBHDF5IO(path, "w") as target:
            target.export(src_io=source, nwbfile=file)
    before, data = (nwb.read(one, options(), "m.grating") for one in (plain, path))
    assert set(trials.quality_names(data)) == {"presence_ratio", "label", *COLLIDING}
    for number, name in enumerate(COLLIDING):
        values = np.arange(N_UNITS) + 10.0 * number
        np.testing.assert_array_equal(trials.quality(data, name), values)
        chosen = Selection(name="a", min_units=2, quality={name: {"max": float(values[2])}})
        kept = selections.apply(data, chosen)
        assert kept["unit_id"].values.tolist() == ["0", "1", "2"]
    for name in before.variables:
        np.testing.assert_array_equal(before[name], data[name])


def test_units_are_selected_by_texts_enumerations_and_numbers_alike(tmp_path):
    plain, path = write(tmp_path / "plain.nwb"), tmp_path / "own.nwb"
    kind = np.array([0, 1, 0, 2, 1, 0])
    with pynwb.NWBHDF5IO(plain, "r") as source:
        file = source.read()
        file.units.add_column(
            name="kind", description="cell", data=kind, col_cls=EnumData, elements=["a", "b", "c"]
        )
        for name, text in (("wave", "abacba"), ("bytes", np.array(list("abacba"), dtype="S1"))):
            file.units.add_column(name=name, description=name, data=list(text))
        group = [file.electrode_groups[AREAS[unit % 2]] for unit in range(N_UNITS)]
        file.units.add_column(name="electrode_group", description="an object", data=group)
        with pynwb.NWBHDF5IO(path, "w") as target:
            target.export(src_io=source, nwbfile=file)
    data = nwb.read(path, options(), "m.grating")
    trials.write(data, tmp_path / "trials.nc")
    data = trials.read(tmp_path / "trials.nc")
    assert trials.quality(data, "kind").tolist() == [("a", "b", "c")[one] for one in kind]
    assert "electrode_group" not in trials.quality_names(data)
    for column, values, kept in (
        ("label", ["good"], ["0", "2", "5"]),
        ("label", ["noise", "mua"], ["1", "4"]),  # unit 3 has none
        ("kind", ["b", "c"], ["1", "3", "4"]),
        ("wave", ["b"], ["1", "4"]),
        ("bytes", ["b"], ["1", "4"]),
    ):
        chosen = Selection(name="a", min_units=2, quality={column: {"values": values}})
        assert selections.apply(data, chosen)["unit_id"].values.tolist() == kept, column


def test_invalid_times_drop_trials_and_obs_intervals_hide_units(tmp_path):
    path = write(tmp_path / "own.nwb", invalid=True, obs_intervals=True)
    data = nwb.read(path, options(), "m.grating")
    assert data["start_time"].values[0] == starts()[1]
    late = data["start_time"].values > 100
    assert not data["observed"].values[late, 0].any()
    assert data["observed"].values[~late, 0].all()
    assert data["observed"].values[:, 1:].all()
    assert data["spike_count"].values[late, 0].sum() == 0
    assert data.attrs["parameters"].count('"trials_invalid": 1')
    assert json.loads(data.attrs["parameters"])["cells_unobserved"] == late.sum()


def test_a_table_of_frames_is_a_movie(tmp_path):
    path = write(tmp_path / "own.nwb", frames=True)
    chosen = options(intervals="movie_presentations", segment="frame", segment_frames=10, where={})
    data = nwb.read(path, chosen, "m.movie")
    assert data["segment"].values.tolist() == [0, 1] * 3
    assert data["repeat"].values.tolist() == [0, 0, 1, 1, 2, 2]
    np.testing.assert_allclose(data["duration"], 0.34)
    with h5py.File(path, "r+") as file:
        file["intervals/movie_presentations/frame"][:] += 1  # no segment is lost
    for first in (None, 1):
        again = nwb.read(path, chosen.model_copy(update={"first_frame": first}), "m.movie")
        np.testing.assert_array_equal(again["spike_count"], data["spike_count"])
    with h5py.File(path, "r+") as file:
        file["intervals/movie_presentations/frame"][25] = np.nan
    part = nwb.read(path, chosen, "m.movie")
    assert part["start_time"].values.tolist() == np.delete(data["start_time"].values, 2).tolist()
    assert json.loads(part.attrs["parameters"])["trials_truncated"] == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"intervals": "trails"}, "no table of intervals 'trails'; did you mean 'trials'"),
        ({"segment": "directoin"}, "has no column 'directoin'; did you mean 'direction'"),
        ({"where": {"kind": "noise"}}, "no interval of 'trials' has"),
        ({"population": "area"}, "no column 'area' among units"),
        ({"offset": 3.0}, "shorter than the offset"),
        ({"repeat": "kind"}, "holds 'grating', not numbers"),
    ],
)
def test_a_name_that_is_not_there_is_one_line(tmp_path, change, reason):
    path = write(tmp_path / "own.nwb")
    with pytest.raises(InputError, match=reason) as caught:
        nwb.read(path, options(**change), "m.grating")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _plain_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["x"] = 1


def _old(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs["nwb_version"] = "NWB-1.0.6"


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (_truncated, "truncated"),
        (lambda path: path.write_bytes(b""), "the file is empty"),
        (lambda path: path.write_text("<html>not found</html>"), "no HDF5 file"),
        (_plain_hdf5, "not NWB 2 \\(no nwb_version\\)"),
        (_old, "not NWB 2 \\(nwb_version NWB-1.0.6\\)"),
        (Path.unlink, "no such NWB file"),
    ],
)
def test_a_bad_file_is_one_line_with_its_name(tmp_path, harm, reason):
    path = write(tmp_path / "own.nwb")
    harm(path)
    with pytest.raises(InputError, match=reason) as caught:
        nwb.read(path, options(), "m.grating")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"segment_frames": 30, "duration": 1.0}, "duration does not go with segment_frames"),
        ({"segment_frames": 30, "segment": None}, "segment_frames needs segment"),
        ({"block": "b"}, "block and block_gap exclude each other"),
        ({"running_speed": "behavior/"}, "must be a path, or a path and a column"),
        ({"first_frame": 1}, "first_frame needs segment_frames"),
    ],
)
def test_options_that_contradict_each_other_are_refused(change, reason):
    with pytest.raises(InputError, match=reason):
        checked(NwbOptions, {**OPTIONS, **change}, "options")


def test_the_name_of_the_recording_fills_the_path():
    own = NwbOptions(file="data/{session}/{stimulus}.nwb")
    assert own.paths("m1.grating") == ["data/m1/grating.nwb"]
    assert own.files("m1.grating") == []
    far = NwbOptions(file="s3://bucket/{session}.nwb")
    assert far.paths("m1.grating") == [] and far.streamed("m1.grating")
    kept = NwbOptions(file="{session}.nwb", dataset="mine")
    assert kept.files("m1.grating") == [("mine", "m1.nwb")]
    assert not kept.streamed("m1.grating")


class _Ranges(http.server.SimpleHTTPRequestHandler):
    """Serves parts of files and counts the bytes sent."""

    sent = 0
    ranges = True

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        body = path.read_bytes()
        first, last = 0, len(body) - 1
        if self.ranges and "Range" in self.headers:
            first, last = map(int, self.headers["Range"].removeprefix("bytes=").split("-"))
            last = min(last, len(body) - 1)
        part = body[first : last + 1]
        self.send_response(206 if self.ranges and "Range" in self.headers else 200)
        if self.ranges:
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(body)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)
        type(self).sent += len(part)

    def log_message(self, *arguments) -> None:
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    handler = type("Counting", (_Ranges,), {"sent": 0})
    bound = functools.partial(handler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), bound) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", handler
        running.shutdown()
        thread.join()


def test_a_file_is_streamed_in_part(tmp_path, server):
    url, handler = server
    path = write(tmp_path / "own.nwb")
    with h5py.File(path, "r+") as file:  # much that no one reads
        noise = np.random.default_rng(0).normal(size=4_000_000)
        file["acquisition"].create_dataset("rest", data=noise)
    here = nwb.read(path, options(), "m.grating")
    far = nwb.read(f"{url}/own.nwb", options(), "m.grating")
    for name in here.variables:
        np.testing.assert_array_equal(here[name], far[name])
    assert 0 < handler.sent < path.stat().st_size / 3


def test_an_address_that_does_not_serve_is_one_line(tmp_path, server):
    url, _ = server
    with pytest.raises(InputError, match="the server has no such file"), open_nwb(f"{url}/no.nwb"):
        pass
    with (
        pytest.raises(InputError, match="cannot be streamed"),
        open_nwb("http://127.0.0.1:9/x.nwb"),
    ):
        pass


@pytest.mark.pipeline
def test_the_rules_stream_where_the_network_is(tmp_path, server, clone):
    """No input to wait for, and a job that a cluster run keeps on the submitting host."""
    url, _ = server
    path = write(tmp_path / "m.nwb")
    recording = {
        "name": "m.grating",
        "source": "nwb",
        "options": {**OPTIONS, "file": f"{url}/{{session}}.nwb"},
    }
    (clone / "own.json").write_text(json.dumps({"recordings": [recording]}))
    target = "results/trials/m.grating.nc"
    done = snakemake(clone, "--cores", "1", "--configfile", "own.json", "--", target)
    assert done.returncode == 0, done.stdout
    assert "localrule stream_trials" in done.stdout
    here = nwb.read(path, options(), "m.grating")
    np.testing.assert_array_equal(trials.read(clone / target)["spike_time"], here["spike_time"])


def test_an_object_of_a_public_bucket_has_a_web_address():
    assert public_url("s3://lab/a b/m1.nwb") == "https://lab.s3.amazonaws.com/a%20b/m1.nwb"
    assert public_url("https://lab.org/m1.nwb") == "https://lab.org/m1.nwb"
