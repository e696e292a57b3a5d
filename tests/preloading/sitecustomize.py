"""Hands what this Python was started for to a process that forks; on PYTHONPATH where a test asks.

`tests/preloaded.py` is that process. This one waits, and ends as the fork did.
"""

import os
import sys


def hand_over(place: str) -> int:
    """Exit code of a fork that runs what this process was started for, in its place."""
    import json
    import socket

    directory = os.getcwd()  # noqa: PTH109 - pathlib takes as long to import as all else here
    asked = (sys.orig_argv[1:], sys.path, directory, dict(os.environ))
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(place)
        socket.send_fds(server, [b"\n"], [0, 1, 2])
        server.sendall(json.dumps(asked).encode())
        server.shutdown(socket.SHUT_WR)
        return int(server.recv(16) or 1)  # nothing where whoever waits for the fork was killed


ASKED = " ".join(sys.orig_argv[1:4])
if "SPIKEDRIFT_PRELOADED" in os.environ and (
    ".snakemake/scripts/" in ASKED or "-m spikedrift.simulation.build" in ASKED
):
    os._exit(hand_over(os.environ["SPIKEDRIFT_PRELOADED"]))
