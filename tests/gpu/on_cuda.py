"""Rules on cuda_standalone, in a process of its own.

`on_cuda.py FOLDER generate|run RULE...`

Writes FOLDER/RULE/ (the project) and, after a run, FOLDER/RULE.npy (the weights).
"""

import gc
import sys
from pathlib import Path

import brian2 as b
import numpy as np
from inducing import cell_of, fixed_spikes, fixed_values, set_up

from spikedrift.plasticity import registry
from spikedrift.plasticity.bench import assemble
from spikedrift.simulation import cuda

gc.freeze()  # what was imported is no garbage
gc.set_threshold(100_000)
folder, mode, rules = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
cuda.select()
for name in rules:
    rule = registry.get(name)
    pre, post, start = fixed_spikes(cell_of(rule))
    bench = assemble([rule], cell_of(rule), len(start), pre, post)
    set_up(bench, rule, fixed_values(rule), start, 1.0)
    bench.network.run(0.2 * b.second)
    directory = folder / name
    b.device.build(directory=str(directory), compile=False, run=False)
    if mode == "run":
        cuda.compile_cuda(directory)
        b.device.run(directory=str(directory), with_output=False, run_args=[])
        np.save(folder / f"{name}.npy", np.array(bench.synapses.w))
    b.device.reinit()
    b.device.activate(build_on_run=False)
