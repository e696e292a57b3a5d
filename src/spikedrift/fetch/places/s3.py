"""Objects of public S3 buckets, read without an account."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import boto3
import urllib3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
)
from botocore.parsers import ResponseParserError

from spikedrift.fetch.reply import CHUNK, Digest, Lasting, Passing, Reply, first_byte, judged

REGION = "us-west-2"  # of the Allen Institute's buckets; others are reached by redirect


class S3Copy:
    """An object at `s3://bucket/key`.

    Parameters
    ----------
    address : str
    timeout : float
        s
    endpoint : str or None
        Server; None for the public one.
    """

    place = "s3"

    def __init__(self, address: str, timeout: float, endpoint: str | None) -> None:
        self.address = address
        self.timeout = timeout
        self.endpoint = endpoint
        bucket, _, key = address.removeprefix("s3://").partition("/")
        self.object = {"Bucket": bucket, "Key": key}

    def size(self) -> int:
        """Length of the object; raises as `Copy.size`."""
        with self._answering():
            return int(self._client().head_object(**self.object)["ContentLength"])

    @contextmanager
    def open(self, start: int, validator: str) -> Iterator[Reply]:
        """Ask for the bytes from `start` on, if the ETag is the same; raises as `Copy.open`."""
        rest: dict[str, str] = {"Range": f"bytes={start}-"} if start else {}
        if start and validator:
            rest["IfMatch"] = validator
        with self._answering():
            client = self._client()
            answer = client.get_object(**self.object, **rest)
        first, size, etag = 0, int(answer["ContentLength"]), answer["ETag"]
        with closing(answer["Body"]) as body:
            digest = None
            if "ContentRange" in answer:
                first, whole = first_byte(answer["ContentRange"], start)
                size = first + size if whole is None else whole
            else:
                digest = self._digest(client, etag, answer)
            yield Reply(
                url=f"{client.meta.endpoint_url}/{self.object['Bucket']}/{self.object['Key']}",
                start=first,
                size=size,
                chunks=self._chunks(body),
                etag=etag,
                validator=etag,
                digest=digest,
            )

    def _client(self) -> Any:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            config=Config(
                signature_version=UNSIGNED,
                connect_timeout=self.timeout,
                read_timeout=self.timeout,
                # The engine tries again, and resumes.
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path" if self.endpoint else "auto"},
            ),
        )

    def _digest(self, client: Any, etag: str, answer: dict[str, Any]) -> Digest | None:
        """MD5 in an ETag: of the bytes, or of the MD5s of the parts if it was uploaded in parts."""
        match = re.fullmatch('"([0-9a-f]{32})(?:-([0-9]+))?"', etag)
        if match is None or answer.get("ServerSideEncryption", "AES256") != "AES256":
            return None  # an ETag is no MD5 where the owner's key encrypts the object
        if match[2] is None:
            return Digest("md5", match[1], "S3 ETag")
        # All parts except the last have the same length.
        try:
            part = client.head_object(**self.object, PartNumber=1)["ContentLength"]
        except (ClientError, BotoCoreError):
            return None  # not every server knows this question
        if -(-int(answer["ContentLength"]) // max(part, 1)) != int(match[2]):
            return None
        return Digest(f"md5-{part}", f"{match[1]}-{match[2]}", "S3 ETag")

    def _chunks(self, body: Any) -> Iterator[bytes]:
        with self._answering():
            yield from body.iter_chunks(CHUNK)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Turn exceptions of boto3 into failures: `Passing` or `Lasting`."""
        try:
            yield
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            reason = str(error.response["Error"].get("Code", ""))
            raise judged(status, "" if reason == str(status) else reason) from None
        except (
            ConnectionError,
            HTTPClientError,
            IncompleteReadError,
            urllib3.exceptions.HTTPError,
        ) as error:
            stalled = "timed out" in str(error) or "timeout" in str(error).lower()
            said = f"no bytes within {self.timeout:g} s" if stalled else "the connection failed"
            raise Passing(said) from None
        except ResponseParserError:
            raise Passing("the server's answer is not that of an S3 server") from None
        except BotoCoreError as error:
            raise Lasting(str(error)) from None
