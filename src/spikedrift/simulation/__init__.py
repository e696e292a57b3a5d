"""Simulation programs: built once, run for every point and seed.

Brian2 reads `~/.brian/user_preferences` and `./brian_preferences` when it is imported: with float32
or another schedule there, the same model would give other results. Whoever imports Brian2 after
this package gets it with its own defaults.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


class _NoPreferences:
    """Keep Brian2 from reading preferences, just before it would do so."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == "brian2.core.core_preferences":
            from brian2.core.preferences import BrianGlobalPreferences

            BrianGlobalPreferences.load_preferences = lambda self: None
        return None


sys.meta_path.insert(0, _NoPreferences)
