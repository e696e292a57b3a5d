"""Numba with its default settings, whatever NUMBA_* and `.numba_config.yaml` say.

With another optimization level or another CPU's name, kernels sum in another order and differ in
their last bits, and numba's cache on disk keeps them for later runs. Settings of where to compute
and where to keep the cache are let through.
"""

import os

from numba import config, njit

__all__ = ["njit"]

LET_THROUGH = ("NUMBA_CACHE_", "NUMBA_CUDA_", "NUMBA_ENABLE_CUDASIM", "NUMBA_THREADING_LAYER")

config._env_reloader.process_environ(
    {name: value for name, value in os.environ.items() if name.startswith(LET_THROUGH)}
    | {"NUMBA_NUM_THREADS": str(config.NUMBA_NUM_THREADS)}  # type: ignore[attr-defined]
)
