"""Check that a file on disk is the right one: its length, its digest, and that it can be read."""

import hashlib
import zipfile
from pathlib import Path

from spikedrift.fetch.registry import DataFile
from spikedrift.fetch.reply import Digest, Wrong

BLOCK = 1 << 20  # bytes read at once


def verified(path: Path, row: DataFile, published: Digest | None) -> tuple[str, str | None]:
    """Check a file against the registry, otherwise against the digest that its place published.

    Parameters
    ----------
    path : path
        File with the bytes; its name does not matter.
    row : DataFile
        What the bytes should be; the suffix of `row.file` says how they are opened.
    published : Digest or None

    Returns
    -------
    sha256 : str
        Digest computed here.
    verified : str or None
        Which published digest was found to be right; None where none is published.

    Raises
    ------
    Wrong
        Where length or digest differ, or the file cannot be opened as what its name says.
    """
    if row.bytes is not None and path.stat().st_size != row.bytes:
        raise Wrong(f"holds {path.stat().st_size} bytes, {row.bytes} are registered")
    if row.sha256 is not None:
        published = Digest("sha256", row.sha256, "registry")
    sha256, other = digests(path, published.kind if published else "")
    if published is not None:
        found = sha256 if published.kind == "sha256" else other
        if found != published.value:
            told = "registered" if published.publisher == "registry" else "published"
            kind = published.kind.partition("-")[0]
            raise Wrong(f"has {kind} {found}, {published.value} is {told}")
    if trouble := unreadable(path, Path(row.file).suffix):
        raise Wrong(trouble)
    return sha256, f"{published.kind} ({published.publisher})" if published else None


def digests(path: Path, kind: str) -> tuple[str, str]:
    """Compute two digests of a file in one pass: sha256 and the MD5 of `kind` (see `Digest`)."""
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    _, _, told = kind.partition("-")
    parts: list[bytes] = []
    inside = 0  # bytes of the current part
    with path.open("rb") as stream:
        while block := stream.read(min(BLOCK, int(told) - inside) if told else BLOCK):
            sha256.update(block)
            if kind.startswith("md5"):
                md5.update(block)
                inside += len(block)
            if told and inside == int(told):
                parts.append(md5.digest())
                md5, inside = hashlib.md5(usedforsecurity=False), 0
    if not told:
        return sha256.hexdigest(), md5.hexdigest()
    if inside:
        parts.append(md5.digest())
    whole = hashlib.md5(b"".join(parts), usedforsecurity=False)
    return sha256.hexdigest(), f"{whole.hexdigest()}-{len(parts)}"


def unreadable(path: Path, suffix: str) -> str:
    """What is wrong with a file that cannot be opened as its suffix says; empty where nothing."""
    if suffix in (".nwb", ".h5", ".hdf5"):
        import h5py

        try:
            # HDF5's own lock would clash with the one on our part.
            with h5py.File(path, "r", locking=False) as file:
                return "" if len(file) else "is an empty HDF5 file"
        except OSError as error:
            return f"is no whole HDF5 file ({error})"
    if suffix == ".npz":
        try:
            with zipfile.ZipFile(path) as archive:
                damaged = archive.testzip()
                return f"holds a damaged array {damaged}" if damaged else ""
        except (zipfile.BadZipFile, OSError, EOFError) as error:
            return f"is no whole .npz archive ({error})"
    if suffix == ".npy":
        import numpy as np

        try:
            np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError, EOFError) as error:
            return f"is no whole .npy array ({error})"
    return ""
