"""Let Ctrl-C end a job's Python without a page of traceback while it imports.

Python reads this when it starts, as `spikedrift.plan.plan.share_library` puts this folder on the
path of jobs; `spikedrift.core.job` then takes over and says in one line that it was interrupted.
"""

import importlib.machinery
import importlib.util
import os
import signal
import sys
from pathlib import Path

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# There may be another one, which this one hides.
_HERE = os.path.realpath(Path(__file__).parent)
_others = [path for path in sys.path if os.path.realpath(path) != _HERE]
_hidden = importlib.machinery.PathFinder.find_spec("sitecustomize", _others)
if _hidden is not None and _hidden.loader is not None:
    _hidden.loader.exec_module(importlib.util.module_from_spec(_hidden))
