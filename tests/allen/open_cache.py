"""Open the cache directories as a notebook would, with every way to the network closed.

Run by the AllenSDK's Python: `open_cache.py NEUROPIXELS TWO_PHOTON SESSION` prints what it found.
"""

import json
import socket
import sys
import warnings


def closed(*_: object, **__: object) -> None:
    raise OSError("no network here")


socket.socket.connect = closed
socket.create_connection = closed
warnings.simplefilter("ignore")

from allensdk.brain_observatory.ecephys.ecephys_project_cache import (  # noqa: E402
    EcephysProjectCache,
)
from allensdk.core.brain_observatory_cache import BrainObservatoryCache  # noqa: E402

neuropixels, two_photon, session = sys.argv[1:]
cache = EcephysProjectCache.from_warehouse(manifest=f"{neuropixels}/manifest.json")
read = cache.get_session_data(int(session))
containers = BrainObservatoryCache(manifest_file=f"{two_photon}/manifest.json")
found = {
    "sessions": cache.get_session_table().index.tolist(),
    "units": cache.get_units().groupby("ecephys_session_id").size().to_dict(),
    "session": read.ecephys_session_id,
    "session_units": sorted(read.units.index.tolist()),
    "spikes": {str(unit): len(train) for unit, train in read.spike_times.items()},
    "containers": [one["id"] for one in containers.get_experiment_containers()],
}
print(json.dumps(found))
