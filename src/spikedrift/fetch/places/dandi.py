"""Assets of the DANDI Archive.

Three documented requests of its REST API say all that is needed. DANDI's own client is not used: it
brings a second NWB stack with pins of its own, and would still not resume into our part file.
"""

import fnmatch
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Any

from spikedrift.fetch.places.https import HttpsCopy, get_json
from spikedrift.fetch.reply import Changed, Digest, Lasting, Reply

ASSET_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class DandiCopy:
    """One asset of a dandiset: `dandi://dandiset/glob`, or `dandi://dandiset/{asset id}`.

    A glob is that of the asset's path in the newest published version. An asset id stands for the
    same bytes for ever, whatever versions there are.
    """

    place = "dandi"

    def __init__(self, address: str, timeout: float, endpoint: str) -> None:
        self.address = address
        self.timeout = timeout
        self.api = endpoint.rstrip("/")
        self.dandiset, _, self.glob = address.removeprefix("dandi://").partition("/")

    @cached_property
    def _asset(self) -> dict[str, Any]:
        """Length, sha256 and address of the asset: keys `size`, `sha256`, `url`."""
        if ASSET_ID.fullmatch(self.glob):
            return self._told(self.glob, f"{self.api}/assets/{self.glob}/")
        try:
            about = get_json(f"{self.api}/dandisets/{self.dandiset}/", self.timeout)
            version = (about["most_recent_published_version"] or {"version": "draft"})["version"]
            assets = f"{self.api}/dandisets/{self.dandiset}/versions/{version}/assets/"
            listed = get_json(assets, self.timeout, glob=self.glob)["results"]
            found = [x for x in listed if fnmatch.fnmatchcase(x["path"], self.glob)]
            if len(found) != 1:
                raise Lasting(f"{len(found)} assets of version {version} match {self.glob}")
            asset = str(found[0]["asset_id"])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Lasting(f"{self.api} does not answer as the DANDI API does") from None
        return self._told(asset, f"{assets}{asset}/")

    def _told(self, asset: str, page: str) -> dict[str, Any]:
        """What a page of an asset's metadata tells."""
        try:
            known = get_json(page, self.timeout)
            return {
                "size": int(known["contentSize"]),
                "sha256": known.get("digest", {}).get("dandi:sha2-256"),
                "url": f"{self.api}/assets/{asset}/download/",
            }
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Lasting(f"{self.api} does not answer as the DANDI API does") from None

    def size(self) -> int:
        """Length in the asset's metadata; raises as `Copy.size`."""
        return int(self._asset["size"])

    @contextmanager
    def open(self, start: int, validator: str) -> Iterator[Reply]:
        """Ask for the bytes of the asset from `start` on; raises as `Copy.open`."""
        asset = self._asset
        digest = None
        if asset["sha256"]:
            digest = Digest("sha256", asset["sha256"], "DANDI")
        with HttpsCopy(asset["url"], self.timeout).open(start, validator) as reply:
            if reply.size not in (None, asset["size"]):
                raise Changed(f"holds {reply.size} bytes, DANDI lists {asset['size']}")
            yield replace(reply, size=asset["size"], digest=digest)
