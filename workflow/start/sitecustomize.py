"""How the Python of a job starts: quick to import, and quiet where Ctrl-C ends it meanwhile.

Python reads this when it starts, as `spikedrift.plan.plan.share_library` puts this folder on the
path of jobs; `spikedrift.core.job` then takes over and says in one line that it was interrupted.
"""

import gc
import importlib.machinery
import importlib.util
import os
import signal
import sys
from pathlib import Path

# Imports make many objects and no garbage. `spikedrift.core.job` takes them out of the search.
gc.set_threshold(10_000)

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# There may be another one, which this one hides.
_HERE = os.path.realpath(Path(__file__).parent)
_others = [path for path in sys.path if os.path.realpath(path) != _HERE]
_hidden = importlib.machinery.PathFinder.find_spec("sitecustomize", _others)
if _hidden is not None and _hidden.loader is not None:
    _hidden.loader.exec_module(importlib.util.module_from_spec(_hidden))
