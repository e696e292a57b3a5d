"""Environment of the AllenSDK: a Python 3.11 beside the core's, with which files are exchanged.

AllenSDK 2.16.2 needs numpy<1.24 on Python 3.11, so it cannot be in the core's environment
(`spikedrift.core.separate`).
"""

import os
from dataclasses import dataclass
from typing import Any

from spikedrift.core.separate import Separate

CACHES = {"neuropixels": "visual-coding-neuropixels", "two-photon": "visual-coding-2p"}


@dataclass(frozen=True)
class AllenSdk(Separate):
    """Environment of the AllenSDK, and what its rules ask for."""

    name: str = "allensdk"
    title: str = "AllenSDK"
    version: str = "3.11"

    def session_table(self, wildcards: Any) -> str:
        """Table of the sessions in use, with which a catalogue is compared."""
        return os.path.relpath(self.root / "config" / "sessions" / f"{wildcards.catalogue}.tsv")

    def cache(self, wildcards: Any) -> str:
        """Folder, below that of fetched files, that AllenSDK opens as its cache."""
        return CACHES[wildcards.catalogue]
