"""Simulation programs: built once, run for every point and seed.

Brian2 reads `~/.brian/user_preferences` and `./brian_preferences` when it is imported: with float32
or another schedule there, the same model would give other results. Whoever imports Brian2 after
this package gets it with its own defaults.

They get it without Matplotlib, too: Brian2 adds its names to its own where it is there, and its
import would take half as long again. Nothing here draws by them.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

DRAWING = ("matplotlib", "pylab")


class _Bare:
    """Keep Brian2 from reading preferences and from importing Matplotlib, just before it would."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "brian2.core.core_preferences":
            from brian2.core.preferences import BrianGlobalPreferences

            BrianGlobalPreferences.load_preferences = lambda self: None
        if name in DRAWING and "brian2" in sys.modules and "brian2.only" not in sys.modules:
            raise ModuleNotFoundError("Brian2 is imported without it", name=name)
        return None


sys.meta_path.insert(0, _Bare)
