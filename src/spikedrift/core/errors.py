"""Exceptions for what a user can mend: bad input, and a disk that refuses."""

import difflib
from collections.abc import Iterable
from pathlib import Path


class InputError(ValueError):
    """Bad input from a user: one line that names the file, key or trial, and what to do.

    Scripts print it without a traceback and exit with code 1.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class DiskError(InputError):
    """A disk that is full, read-only or fails: one line that names file, disk and what to do.

    Nothing is wrong with what was asked for: the same job may well succeed later.
    """


def unknown(what: str, name: object, known: Iterable[str]) -> InputError:
    """Error for an unknown name, which offers the nearest of the known ones and lists them all.

    Parameters
    ----------
    what : str
        What is named, with its place: `config: sweeps[0].network: unknown network`.
    name : object
        The name as given.
    known : iterable of str
    """
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return InputError(f"{what} {str(name)!r}; {hint}known: {', '.join(names) or 'none'}")


def missing(where: str, path: str | Path, *roots: str | Path, what: str = "file") -> InputError:
    """Error for a file of the user's that is not there: it says where it was looked for.

    Parameters
    ----------
    where : str
        The key that names it: `config: predictions`.
    path : path
    *roots : path
        Folders that a relative path may start at, after the working directory.
    what : str
        `file` or `directory`.
    """
    if Path(path).is_absolute():
        return InputError(f"{where}: no such {what} {path}")
    folders = dict.fromkeys(str(Path(root).resolve()) for root in (Path(), *roots))
    return InputError(
        f"{where}: no such {what} {path}; looked in {', '.join(folders)} (a relative path starts "
        "at the working directory)"
    )
