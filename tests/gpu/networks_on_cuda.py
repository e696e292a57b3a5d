"""Code of networks for cuda_standalone, in a process of its own.

`networks_on_cuda.py FOLDER NETWORK...` writes FOLDER/NETWORK/, the project of two copies.
"""

import gc
import sys
from pathlib import Path

import brian2 as b

from spikedrift.networks import catalog, engine
from spikedrift.simulation import cuda
from spikedrift.simulation.build import Standalone

gc.freeze()  # what was imported is no garbage
gc.set_threshold(100_000)
folder, names = Path(sys.argv[1]), sys.argv[2:]
cuda.select()
for name in names:
    model = catalog.get(name)
    options = model.options()
    b.defaultclock.dt = options.simulation.dt * b.second
    engine.define(Standalone(), engine.structure(model.declare(options), copies=2))
    b.device.build(directory=str(folder / name), compile=False, run=False)
    b.device.reinit()
    b.device.activate(build_on_run=False)
