"""What a batch of default pattern networks costs on a GPU, against two cores.

    python benchmarks/gpu.py                     64 networks, the whole default session (410 s)
    python benchmarks/gpu.py --copies 256 --seconds 60

Prints a row for the table of docs/gpu.md. Two cores: one of the networks alone on one core, times
half the number of networks. Building is told and not counted; what is counted ends with the written
spikes. `--backend cpp` runs the batch as one C++ program, where there is no GPU.
"""

import argparse
import tempfile
import time
from pathlib import Path

from spikedrift.config.overrides import override
from spikedrift.networks.models.pattern_network import MODEL, PatternNetwork
from spikedrift.networks.session_plan import NetworkRun
from spikedrift.networks.simulate import simulate_batch
from spikedrift.simulation import gpu


def took(options: PatternNetwork, copies: int, folder: Path) -> tuple[float, float]:
    """Seconds of building, and of a batch with the program at hand."""
    places = {"build_dir": folder / "programs", "scratch_dir": folder / "scratch"}
    runs = [NetworkRun(f"network-{k}", {}, 1, k) for k in range(copies)]
    short = override(options, {"phases": [{"kind": "block", "repeats": 1}]}, "short")
    began = time.perf_counter()
    simulate_batch(MODEL, short, runs, together=True, **places)
    built = time.perf_counter() - began
    began = time.perf_counter()
    for one in simulate_batch(MODEL, options, runs, together=True, **places):
        if isinstance(one, Exception):
            raise one
    return built, time.perf_counter() - began


def main() -> None:
    """Run both and print the row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--copies", type=int, default=64)
    parser.add_argument("--seconds", type=float, help="of settling in place of the whole session")
    parser.add_argument("--backend", choices=("cuda", "cpp"), default="cuda")
    chosen = parser.parse_args()
    session = {}
    if chosen.seconds:
        session["phases"] = [{"kind": "settle", "duration": chosen.seconds},
                             {"kind": "block", "repeats": 1}]  # fmt: skip
    card = gpu.find().name if chosen.backend == "cuda" else "C++, one core"
    with tempfile.TemporaryDirectory() as folder:
        alone = override(PatternNetwork(), session, "alone")
        _, one = took(alone, 1, Path(folder))
        batch = override(alone, {"simulation.backend": chosen.backend}, "batch")
        built, together = took(batch, chosen.copies, Path(folder))
    cores = one * chosen.copies / 2
    print("| card | networks | building, s | batch, s | two cores, s | ratio |")
    print(f"| {card} | {chosen.copies} | {built:.0f} | {together:.0f} | {cores:.0f} "
          f"| {cores / together:.2g} |")  # fmt: skip


if __name__ == "__main__":
    main()
