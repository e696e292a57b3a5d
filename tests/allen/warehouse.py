"""The Allen warehouse on loopback: RMA queries and downloads of well-known files.

It answers what AllenSDK asks for the Neuropixels and the two-photon tables, in the shape of the
real service: pages of rows, models nested, tabular queries as text. Rows come from the truths of
synthetic sessions and from `container`; files from disk, with Range.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

Row = dict[str, Any]
DOWNLOAD = "/api/v2/well_known_file_download/"
STRUCTURE_IDS = {"VISp": 385, "VISl": 409, "VISam": 394, "LP": 218, "CA1": 382}
CONTAINER = 511510736
# By date: the third was recorded first.
EXPERIMENTS = [
    (501559087, "three_session_A", "2016-02-04T10:25:24Z"),
    (501704220, "three_session_B", "2016-02-05T10:00:00Z"),
    (501474098, "three_session_C2", "2016-02-03T10:00:00Z"),
]
FILTER = re.compile(r"\[(\w+)\$(eq|in)([^\]]*)\]")


def ecephys(truth: Row) -> dict[str, list[Row]]:
    """Rows of a Neuropixels session by model, from the truth of its file."""
    session = int(truth["session"])
    probe_id = dict(zip(truth["probe_name"].tolist(), truth["probe_id"].tolist(), strict=True))
    offset = truth["spike_offset"]
    return {
        "EcephysSession": [
            {
                "id": session,
                "date_of_acquisition": "2019-01-19T08:54:18Z",
                "published_at": "2019-10-03T00:00:00Z",
                "specimen_id": int(truth["specimen"]),
                "isi_experiment_id": 1,
                "stimulus_name": str(truth["session_type"]),
                "fail_eye_tracking": "pupil_time" not in truth,
                "specimen": {
                    "id": int(truth["specimen"]),
                    "donor": {"sex": "M", "full_genotype": None, "age": {"days": 118}},
                },
                "well_known_files": [{"well_known_file_type": {"name": "EcephysNwb"}}],
            }
        ],
        "EcephysProbe": [
            {
                "id": probe_id[name],
                "ecephys_session_id": session,
                "name": name,
                "phase": "3a",
                "sampling_rate": 29_999.95,
                "lfp_sampling_rate": 1249.99,
                "lfp_temporal_subsampling_factor": 2.0,
                "air_channel_index": 39,
                "surface_channel_index": 38,
                "use_lfp_data": False,
            }
            for name in probe_id
        ],
        "EcephysChannel": [
            {
                "id": int(id_),
                "ecephys_probe_id": probe_id[probe],
                "local_index": int(index),
                "probe_horizontal_position": 43,
                "probe_vertical_position": int(vertical),
                "anterior_posterior_ccf_coordinate": 8000,
                "dorsal_ventral_ccf_coordinate": 1500 + int(vertical),
                "left_right_ccf_coordinate": 8300,
                "ecephys_structure_id": STRUCTURE_IDS.get(area),
                "ecephys_structure_acronym": area or None,
            }
            for id_, probe, index, vertical, area in zip(
                *(truth[f"channel_{key}"] for key in ("id", "probe", "index", "vertical", "area")),
                strict=True,
            )
        ],
        "EcephysUnit": [
            {
                "id": int(truth["unit_id"][i]),
                "ecephys_channel_id": int(truth["unit_channel_id"][i]),
                "local_index": i,
                "quality": str(truth["quality"][i]),
                "firing_rate": float(np.diff(offset)[i] / truth["spike_time"].max()),
                **{
                    name: None if np.isnan(truth[name][i]) else float(truth[name][i])
                    for name in ("isi_violations", "presence_ratio", "amplitude_cutoff")
                },
                "PT_ratio": 0.5,
                "amplitude": 120.0,
                "duration": 0.4,
                "snr": 2.5,
                "l_ratio": None,
            }
            for i in range(truth["unit_id"].size)
        ],
    }


def container(
    id_: int,
    experiments: list[tuple[int, str, str]],
    area: str = "VISp",
    depth: int = 275,
    cre_line: str = "Cux2-CreERT2",
    failed: bool = False,
) -> dict[str, list[Row]]:
    """Rows of a two-photon container with its experiments: (id, session type, date)."""
    donor = {
        "external_donor_name": str(id_ % 1_000_000),
        "date_of_birth": "2016-01-01T00:00:00Z",
        "conditions": [],
        "transgenic_lines": [
            {"name": cre_line, "transgenic_line_type_name": "driver"},
            {"name": "Ai93(TITL-GCaMP6f)", "transgenic_line_type_name": "reporter"},
        ],
    }
    shared = {
        "targeted_structure": {"acronym": area},
        "imaging_depth": depth,
        "specimen": {"name": f"{cre_line};Ai93-{id_ % 1_000_000}", "donor": donor},
    }
    return {
        "ExperimentContainer": [{"id": id_, "failed": failed, **shared}],
        "OphysExperiment": [
            {
                "id": experiment,
                "experiment_container_id": id_,
                "experiment_container": {"id": id_, "failed": failed},
                "stimulus_name": kind,
                "date_of_acquisition": date,
                **shared,
            }
            for experiment, kind, date in experiments
        ],
    }


class Warehouse:
    """A warehouse that serves what it is given, and remembers what it was asked.

    Attributes
    ----------
    address : str
        `http://127.0.0.1:PORT`, while `serving`.
    asked : list of str
        Method and target of each request, unquoted.
    fault : str
        What it does instead of answering queries: `hang` (no byte), `trickle` (a byte now and
        then), `500`, `refuse` (success false), `html`; empty for none.
    """

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {"WellKnownFile": []}
        self.files: dict[int, Path] = {}
        self.asked: list[str] = []
        self.fault = ""
        self.address = ""

    def add(self, rows: dict[str, list[Row]]) -> None:
        """Take rows, by model."""
        for model, some in rows.items():
            self.rows.setdefault(model, []).extend(some)

    def add_file(self, attachable_type: str, file_type: str, attachable_id: int, path: Path) -> str:
        """Take a file; return where it can be downloaded."""
        id_ = 1_000_000_000 + len(self.files)
        self.files[id_] = path
        self.rows["WellKnownFile"].append(
            {
                "id": id_,
                "attachable_type": attachable_type,
                "attachable_id": attachable_id,
                "download_link": f"{DOWNLOAD}{id_}",
                "path": f"/external/{path.name}",
                "well_known_file_type": {"name": file_type},
                "well_known_file_type_id": 1,
            }
        )
        return f"{DOWNLOAD}{id_}"

    def answer(self, query: str) -> Row:
        """Answer an RMA query, from `model::` on."""
        model = re.search(r"model::(\w+)", query)
        if model is None:
            return {"success": False, "id": 0, "msg": "no model"}
        what, _, options = query.partition(",rma::options")
        rows = self.rows.get(model[1], [])
        for key, _, value in FILTER.findall(what):
            wanted = {part.strip().strip("'") for part in value.split(",")}
            if key == "name":
                rows = [row for row in rows if row["well_known_file_type"]["name"] in wanted]
            else:
                rows = [row for row in rows if str(row.get(key)) in wanted]
        rows = sorted(rows, key=lambda row: row["id"])
        total = len(rows)
        chosen = {key: value.strip("'") for key, _, value in FILTER.findall(options)}
        first, count = int(chosen.get("start_row", 0)), chosen.get("num_rows", "50")
        rows = rows[first:] if count == "all" else rows[first : first + int(count)]
        if "tabular" in chosen:
            rows = [
                {key: None if value is None else str(value) for key, value in row.items()}
                for row in rows
            ]
        return {
            "success": True,
            "id": 0,
            "start_row": first,
            "num_rows": len(rows),
            "total_rows": total,
            "msg": rows,
        }

    @contextmanager
    def serving(self) -> Iterator["Warehouse"]:
        """Serve on a free port of loopback."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        self.stopped = threading.Event()
        self.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.stopped.set()  # lets hanging answers go
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(warehouse: Warehouse) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def send(self, status: int, kind: str, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for key, value in {"Content-Type": kind, **headers}.items():
                self.send_header(key.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def do_GET(self) -> None:
            target = unquote(self.path)
            warehouse.asked.append(f"{self.command} {target}")
            if "/api/v2/data/query.json" in target:
                self.query(target.partition("?")[2])
            elif DOWNLOAD in target:
                self.download(warehouse.files.get(int(target.rpartition("/")[2])))
            else:
                self.send(404, "text/plain", b"no such page")

        do_HEAD = do_GET

        def query(self, query: str) -> None:
            if warehouse.fault == "hang":
                warehouse.stopped.wait()
                self.close_connection = True
            elif warehouse.fault == "trickle":
                self.send_response(200)
                self.send_header("Content-Length", "1000000")
                self.end_headers()
                with suppress(OSError):
                    while not warehouse.stopped.wait(0.2):
                        self.wfile.write(b" ")
                self.close_connection = True
            elif warehouse.fault == "500":
                self.send(500, "text/html", b"<h1>We're sorry, but something went wrong.</h1>")
            elif warehouse.fault == "html":
                self.send(200, "text/html", b"<h1>The service is under maintenance.</h1>")
            else:
                answer = warehouse.answer(query)
                if warehouse.fault == "refuse":
                    answer = {"success": False, "id": 0, "msg": "statement timeout"}
                self.send(200, "application/json", json.dumps(answer).encode())

        def download(self, path: Path | None) -> None:
            if path is None:
                self.send(404, "text/plain", b"no such file")
                return
            data = path.read_bytes()
            ranged = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            if ranged is None:
                self.send(200, "application/octet-stream", data, Accept_Ranges="bytes")
                return
            first, last = int(ranged[1]), min(int(ranged[2] or len(data)), len(data) - 1)
            if first >= len(data):
                self.send(416, "text/plain", b"", Content_Range=f"bytes */{len(data)}")
                return
            place = f"bytes {first}-{last}/{len(data)}"
            part = data[first : last + 1]
            self.send(206, "application/octet-stream", part, Content_Range=place)

    return Handler
