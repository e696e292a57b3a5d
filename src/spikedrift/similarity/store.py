"""Matrices over trials that are too large for memory: blocks of pairs, one file each.

A block is written whole or not at all, so that the next job after one that was killed goes on with
the blocks that are missing.
"""

import hashlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr

from spikedrift.core.atomic import writing
from spikedrift.core.errors import InputError
from spikedrift.similarity.blocks import Band, Pairs, block_pairs

log = logging.getLogger(__name__)


def digest(dataset: xr.Dataset, *more: object) -> str:
    """Digest, 16 hex digits, of all variables of a Dataset and of values that JSON can hold."""
    state = hashlib.sha256(json.dumps(more, sort_keys=True).encode())
    for name in sorted(map(str, dataset.variables)):
        values = dataset[name].values
        state.update(f"{name} {values.dtype} {values.shape}".encode())
        if values.dtype.kind in "OUS":
            state.update(json.dumps(values.tolist()).encode())
        else:
            state.update(np.ascontiguousarray(values).data)
    return state.hexdigest()[:16]


class Store:
    """The upper triangle of two symmetric matrices as files of a folder.

    Parameters
    ----------
    folder : Path
        Named after all that the matrices depend on, since blocks that are in it are used.
    size : int
        Number of trials.
    side : int
        A block holds `side` x `side` pairs.
    """

    def __init__(self, folder: Path, size: int, side: int) -> None:
        self.folder, self.size, self.side = folder, size, side
        self.starts = range(0, size, side)

    def fill(self, pairs: Pairs) -> None:
        """Compute the blocks that are not there yet; see `spikedrift.similarity.blocks`."""
        blocks = [(row, column) for row in self.starts for column in self.starts if row <= column]
        missing = [block for block in blocks if not self._path(*block).is_file()]
        log.info("%d of %d blocks of pairs are there already", len(blocks) - len(missing),
                 len(blocks))  # fmt: skip
        for index, (row, column) in enumerate(missing, len(blocks) - len(missing) + 1):
            first, second = block_pairs(self.size, self.side, row, column)
            shape = min(self.side, self.size - row), min(self.side, self.size - column)
            value, n_shared = np.empty(shape), np.empty(shape, np.int32)
            at = first - row, second - column
            value[at], n_shared[at] = pairs(first, second)
            if row == column:
                value.T[at], n_shared.T[at] = value[at], n_shared[at]
            with writing(self._path(row, column)) as file:
                np.savez(file, value=value, n_shared=n_shared)
            log.info("block %d of %d (trials %d.. x %d..)", index, len(blocks), row, column)

    def bands(self) -> Iterator[Band]:
        """Yield whole rows of both matrices, `side` at a time, in the same two arrays each time.

        Raises
        ------
        InputError
            For a damaged block.
        """
        whole = np.empty((self.side, self.size)), np.empty((self.side, self.size), np.int32)
        for row in self.starts:
            value, n_shared = (band[: self.size - row] for band in whole)
            for column in self.starts:
                here = slice(column, column + self.side)
                block = _block(self._path(min(row, column), max(row, column)))
                for band, stored in zip((value, n_shared), block, strict=True):
                    band[:, here] = stored if row <= column else stored.T
            yield row, value, n_shared

    def _path(self, row: int, column: int) -> Path:
        return self.folder / f"{row}-{column}.npz"


def _block(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Values and numbers of shared units of one block; its zip file carries checksums."""
    try:
        with np.load(path) as block:
            return block["value"], block["n_shared"]
    # zipfile, zlib and numpy each raise errors of their own on damaged bytes.
    except Exception as error:
        raise InputError(
            f"{path}: is damaged ({error}); delete it and run the same command again"
        ) from None
