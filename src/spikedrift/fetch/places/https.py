"""Files behind http and https addresses."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from spikedrift.fetch.reply import CHUNK, Changed, Lasting, Passing, Reply, first_byte, judged

# Ask for bytes as they are stored: lengths and digests are of these.
AS_STORED = {"Accept-Encoding": "identity"}


@contextmanager
def answering(timeout: float) -> Iterator[None]:
    """Turn exceptions of requests into failures: `Passing` or `Lasting`."""
    try:
        yield
    except requests.Timeout:
        raise Passing(f"no answer within {timeout:g} s") from None
    except requests.exceptions.ChunkedEncodingError:
        raise Passing("the transfer broke off") from None
    except requests.ConnectionError as error:
        # A stall inside a body comes as a ConnectionError too.
        stalled = "timed out" in str(error)
        said = f"no bytes within {timeout:g} s" if stalled else "the connection failed"
        raise Passing(said) from None
    except requests.RequestException as error:
        raise Lasting(str(error)) from None


def get_json(url: str, timeout: float, **query: str) -> Any:
    """Ask a REST API, and return the JSON of its answer.

    Raises
    ------
    Passing, Lasting
        Where it does not answer, or with another status than 200.
    """
    with answering(timeout), requests.get(url, params=query, timeout=timeout) as response:
        if response.status_code != 200:
            raise judged(response.status_code, response.reason)
        return response.json()


class HttpsCopy:
    """A file behind an address; a redirect is followed."""

    place = "https"

    def __init__(self, address: str, timeout: float) -> None:
        self.address = address
        self.timeout = timeout

    def size(self) -> int | None:
        """Length that the server announces; raises as `Copy.size`."""
        with (
            answering(self.timeout),
            requests.head(
                self.address, timeout=self.timeout, headers=AS_STORED, allow_redirects=True
            ) as response,
        ):
            if response.status_code != 200:
                raise judged(response.status_code, response.reason)
            return _length(response)

    @contextmanager
    def open(self, start: int, validator: str) -> Iterator[Reply]:
        """Ask for the bytes from `start` on; raises as `Copy.open`.

        A server that knows no ranges sends all bytes.
        """
        headers = dict(AS_STORED)
        if start:
            headers["Range"] = f"bytes={start}-"
            if validator:
                headers["If-Range"] = validator
        with answering(self.timeout):
            response = requests.get(
                self.address, stream=True, timeout=self.timeout, headers=headers
            )
        with response:
            if response.status_code not in (200, 206):
                raise judged(response.status_code, response.reason)
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise Lasting(f"sent as {response.headers['Content-Encoding']}, not as stored")
            etag = response.headers.get("ETag", "")
            modified = response.headers.get("Last-Modified", "")
            # A weak ETag does not tell bytes apart.
            found = modified if etag.startswith("W/") or not etag else etag
            first, size = 0, _length(response)
            if response.status_code == 206:
                first, size = first_byte(response.headers.get("Content-Range"), start)
                if validator and found and found != validator:
                    raise Changed("the object changed since the transfer began")
            yield Reply(
                # A signed address is of no use later.
                url=response.url.partition("?")[0] if response.history else self.address,
                start=first,
                size=size,
                chunks=self._chunks(response),
                etag=etag,
                validator=found,
                self_ending=response.headers.get("Transfer-Encoding") == "chunked",
            )

    def _chunks(self, response: requests.Response) -> Iterator[bytes]:
        with answering(self.timeout):
            yield from response.iter_content(CHUNK)


def _length(response: requests.Response) -> int | None:
    told = response.headers.get("Content-Length", "")
    return int(told) if told.isdigit() else None
