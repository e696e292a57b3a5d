"""An HTTP server on loopback that misbehaves on request and counts the bytes that it sends."""

import hashlib
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Request:
    """A GET for the file: where it asked to start, what it got."""

    path: str
    start: int | None
    status: int = 0
    sent: int = 0


class Server:
    """Serves `by_path`, or else `content` under every path, by the next of `answers`.

    The last answer holds for ever: `whole`; a status; `stall` (headers only), `stall-mid`, `reset`
    and `truncated` (half of what is left), `unannounced` (half, and no length), `short` (1000 bytes
    that claim to be all), `long`, `corrupt` (last bit), `no-range` (all, whatever was asked for),
    `wrong-range` (another Content-Range than asked for), `slow`, `gzip`, `crowd` (begins when
    `crowd` transfers wait at once). `pages` are always served right: bytes, or a path to redirect
    to.
    """

    def __init__(self, content: bytes, *, ranges: bool = True, etags: bool = True) -> None:
        self.content = content
        self.ranges, self.etags = ranges, etags
        self.answers = ["whole"]
        self.pages: dict[str, bytes | str] = {}
        self.by_path: dict[str, bytes] = {}
        self.log: list[Request] = []
        self.heads: list[str] = []
        self.crowd = 1
        self.at_once = self.most_at_once = 0  # transfers
        self.together = threading.Condition()
        self.released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with suppress(OSError):  # whoever asked may be gone
                    outer.get(self)

            def do_HEAD(self) -> None:
                outer.heads.append(self.path)
                status = outer.answers[0] if outer.answers[0].isdigit() else "200"
                self.send_response(int(status))
                content = outer.by_path.get(self.path, outer.content)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # What lies in the kernel counts as sent: keep that little.
        self.http.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 14)
        self.root = f"http://127.0.0.1:{self.http.server_port}"
        self.url = f"{self.root}/file.bin"
        self.thread = threading.Thread(
            target=self.http.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self.thread.start()

    @property
    def requests(self) -> int:
        return len(self.log)

    def get(self, handler: BaseHTTPRequestHandler) -> None:
        page = self.pages.get(handler.path.partition("?")[0])
        if isinstance(page, str):
            handler.send_response(302)
            handler.send_header("Location", page)
            handler.end_headers()
        elif page is not None:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(page)))
            handler.end_headers()
            handler.wfile.write(page)
        else:
            answer = self.answers[min(len(self.log), len(self.answers) - 1)]
            self.file(handler, answer)

    def file(self, handler: BaseHTTPRequestHandler, answer: str) -> None:
        asked = handler.headers.get("Range")
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else None
        entry = Request(handler.path, start)
        self.log.append(entry)
        right = self.by_path.get(handler.path, self.content)
        content = {
            "corrupt": right[:-1] + bytes(x ^ 1 for x in right[-1:]),
            "long": right + b"more",
            "short": right[:1000],
        }.get(answer, right)
        etag = f'"{hashlib.md5(right).hexdigest()}"'
        entry.status = 200
        if answer.isdigit():
            entry.status = int(answer)
        elif start is not None and handler.headers.get("If-Match", etag) != etag:
            entry.status = 412
        elif (
            self.ranges
            and start is not None
            and answer != "no-range"
            and handler.headers.get("If-Range", etag) == etag
        ):
            entry.status = 206 if start < len(content) else 416
        if entry.status >= 400:
            handler.send_error(entry.status)
            return
        begin = start or 0 if entry.status == 206 else 0
        body = content[begin:]
        handler.send_response(entry.status)
        if entry.status == 206:
            told = begin + (7 if answer == "wrong-range" else 0)
            span = f"bytes {told}-{len(content) - 1}/{len(content)}"
            handler.send_header("Content-Range", span)
        if answer != "unannounced":
            handler.send_header("Content-Length", str(len(body)))
        if self.etags:
            handler.send_header("ETag", etag)
        if answer == "gzip":
            handler.send_header("Content-Encoding", "gzip")
        handler.end_headers()
        if answer == "stall":
            self.released.wait(20)
            return
        if answer == "crowd":
            with self.together:
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
                self.together.notify_all()
                self.together.wait_for(lambda: self.most_at_once >= self.crowd, 60)
            time.sleep(1)  # for one too many
            with self.together:
                self.at_once -= 1
        part = answer in ("truncated", "unannounced", "stall-mid", "reset")
        self.send(handler, entry, body[: len(body) // 2] if part else body, answer == "slow")
        if answer == "stall-mid":
            self.released.wait(20)
        if answer == "reset":
            time.sleep(0.05)  # a reset drops what the other side has not read yet
            linger = struct.pack("ii", 1, 0)
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            os.close(handler.connection.detach())

    def send(
        self, handler: BaseHTTPRequestHandler, entry: Request, body: bytes, slow: bool
    ) -> None:
        for at in range(0, len(body), 1 << 14):
            piece = body[at : at + (1 << 14)]
            handler.wfile.write(piece)
            entry.sent += len(piece)
            if slow:
                time.sleep(0.003)

    def close(self) -> None:
        self.released.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@contextmanager
def serving(content: bytes, *, ranges: bool = True, etags: bool = True) -> Iterator[Server]:
    """A running server."""
    server = Server(content, ranges=ranges, etags=etags)
    try:
        yield server
    finally:
        server.close()
