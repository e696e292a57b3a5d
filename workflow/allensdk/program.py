"""What surrounds each program here: one-line errors, limits on waiting, files whole or absent.

The programs run on the AllenSDK's Python 3.11 and know nothing of spikedrift. What a user can do
something about ends in exit code 1 and one line on standard error, the last.
"""

import errno
import logging
import os
import signal
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit

import requests

logger = logging.getLogger("allensdk-program")


class Failure(Exception):
    """What went wrong, in one line that says what to do."""


class _Late(BaseException):
    """Raised by the clock; AllenSDK, which tries again after any Exception, must not catch it."""


def run(main: Callable[[], None]) -> None:
    """Run a program; a `Failure` becomes its one line and exit code 1."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s", level=logging.WARNING)
    logger.setLevel(logging.INFO)
    warnings.simplefilter("ignore")
    try:
        main()
    except Failure as error:
        # In one write: other jobs say lines on the same standard error.
        sys.stderr.write(f"allensdk: {' '.join(str(error).split())}\n")
        raise SystemExit(1) from None


@contextmanager
def network(address: str, timeout: float, limit: float) -> Iterator[None]:
    """Bound AllenSDK's waiting for a server, and say in one line why it could not be asked.

    AllenSDK asks without a time-out, through requests and through urllib, and can wait forever.

    Parameters
    ----------
    address : str
        Of the server, for the error.
    timeout : float
        Longest wait for the next bytes; s.
    limit : float
        Longest time for everything in the block, for servers that trickle; s.
    """
    send = requests.Session.send

    def bounded(self: requests.Session, request: requests.PreparedRequest, **options: object):
        if options.get("timeout") is None:
            options["timeout"] = (timeout, timeout)
        response = send(self, request, **options)
        response.raise_for_status()
        return response

    def late(*_: object) -> None:
        raise _Late

    unanswered = f"{address} sent nothing for {timeout:g} s; try later, or raise fetch.timeout"
    before = socket.getdefaulttimeout()
    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, limit)
    requests.Session.send = bounded
    socket.setdefaulttimeout(timeout)
    try:
        yield
    except _Late as error:
        raise Failure(f"{address} took longer than {limit:g} s; try again later") from error
    except (requests.Timeout, TimeoutError) as error:
        raise Failure(unanswered) from error
    except requests.HTTPError as error:
        answer = error.response
        raise Failure(f"{address} answers {answer.status_code} {answer.reason}") from error
    except (requests.JSONDecodeError, UnicodeDecodeError) as error:
        raise Failure(f"{address} sent something that is no JSON: {error}") from error
    except requests.RequestException as error:
        if "timed out" in str(error):
            raise Failure(unanswered) from error
        raise Failure(f"{address} cannot be reached ({_root(error)})") from error
    except URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise Failure(unanswered) from error
        raise Failure(f"{address} cannot be asked ({error})") from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        requests.Session.send = send
        socket.setdefaulttimeout(before)


def _root(error: BaseException) -> str:
    """Type of the failure at the bottom, without the objects that requests quotes."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return str(error) or type(error).__name__


def server(address: str) -> tuple[str, str]:
    """Scheme and host, with its port, of an address such as http://api.brain-map.org."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise Failure(f"{address!r} is no address such as http://api.brain-map.org")
    return parts.scheme, parts.netloc


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename when the block succeeds, remove otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS):
            raise
        raise Failure(
            f"{path}: cannot be written ({error.strerror}); make room there, then run the same "
            "command again"
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
