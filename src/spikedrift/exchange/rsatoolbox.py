"""Similarity matrices to RDMs of rsatoolbox (Schuett et al. 2023, eLife 12:e82566), and back.

The vectors of pairs of `spikedrift.rsa` need no conversion: they are in the order of rsatoolbox,
so that `RDMs(vectors)` takes them and our comparators take `rdms.dissimilarities`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import xarray as xr

from spikedrift.core.errors import InputError, unknown
from spikedrift.exchange.optional import optional

if TYPE_CHECKING:
    from rsatoolbox.rdm import RDMs

VALUES = {"trial": "value", "repeat": "repeat_value", "segment": "segment_value"}
OWN = "own"  # descriptor with the diagonal, which RDMs do not have
OF_RDM = ("recording", "subject", "recording_kind", "n_units")


def to_rsatoolbox(
    matrices: xr.Dataset | Sequence[xr.Dataset],
    over: Literal["segment", "repeat", "trial"] = "segment",
) -> "RDMs":
    """Make RDMs of similarity matrices, one of each.

    A distance stays as it is; of a similarity, which is 1 for equal trials, 1 minus it is taken.
    NaN stays NaN. Pattern descriptors are the labels of segments, repeats or trials, and `own`, the
    diagonal: by how much showings of one segment differ. `spikedrift.rsa.distances.without_floor`
    takes it out.

    Parameters
    ----------
    matrices : Dataset or sequence of them
        As `similarity.matrix.similarity` returns them, or files of it. Several are of one measure
        and of the same conditions in the same order, such as those of several animals.
    over : {"segment", "repeat", "trial"}
        Which of their matrices.

    Raises
    ------
    InputError
        Where rsatoolbox is not installed, for a matrix that is not there, and for several that are
        not of one measure or not of the same conditions.
    """
    toolbox = optional("rsatoolbox.rdm")
    if over not in VALUES:
        raise unknown("to_rsatoolbox: no matrix is over", over, VALUES)
    given = [matrices] if isinstance(matrices, xr.Dataset) else list(matrices)
    if not given:
        raise InputError("to_rsatoolbox: no similarity matrix is given")
    for one in given:
        if VALUES[over] not in one or "measure" not in one.attrs:
            raise InputError(
                f"{_name(one)}: no {VALUES[over]!r} of a measure in it, so that it is no "
                "similarity file (results/similarity/...)"
            )
    first = given[0]
    labels = _labels(first, over)
    for one in given[1:]:
        if one.attrs["measure"] != first.attrs["measure"]:
            raise InputError(
                f"{_name(one)}: is of measure {one.attrs['measure']}, but {_name(first)} of "
                f"{first.attrs['measure']}; RDMs are of one measure"
            )
        if _labels(one, over) != labels:
            raise InputError(
                f"{_name(one)}: has other {over}s than {_name(first)}, or in another order; select "
                "the same ones of both"
            )
    value = np.stack([_dissimilarity(one, one[VALUES[over]].values) for one in given])
    row, column = np.triu_indices(value.shape[-1], k=1)
    of_rdm: dict[str, list[Any]] = {
        name: [one.attrs[name] for one in given]
        for name in OF_RDM
        if all(name in one.attrs for one in given)
    }
    of_rdm[OWN] = [np.diagonal(one).tolist() for one in value]
    return toolbox.RDMs(
        value[:, row, column],
        dissimilarity_measure=str(first.attrs["measure"]),
        descriptors={name: first.attrs[name] for name in ("code", "kind", "units", "title")},
        rdm_descriptors=of_rdm,
        pattern_descriptors=labels,
    )


def from_rsatoolbox(rdms: "RDMs") -> xr.DataArray:
    """Return RDMs as symmetric matrices: float64, dims (rdm, condition, condition_other).

    Those that `to_rsatoolbox` made have the values of the matrices that they were made from, their
    diagonals and similarities included; of others the diagonals are 0. Descriptors with one value
    a matrix or a condition are coordinates.

    Raises
    ------
    InputError
        Where they are no RDMs of rsatoolbox.
    """
    if not all(hasattr(rdms, name) for name in ("dissimilarities", "pattern_descriptors")):
        raise InputError(
            f"from_rsatoolbox: RDMs of rsatoolbox are needed, got {type(rdms).__name__}"
        )
    pairs = np.asarray(rdms.dissimilarities, dtype=np.float64)
    n = int(rdms.n_cond)
    row, column = np.triu_indices(n, k=1)
    value = np.zeros((len(pairs), n, n))
    value[:, row, column] = value[:, column, row] = pairs
    known = dict(rdms.rdm_descriptors)
    if OWN in known:
        value[:, np.arange(n), np.arange(n)] = np.asarray(known.pop(OWN), dtype=np.float64)
    similar = rdms.descriptors.get("kind") == "similarity"
    coords: dict[str, Any] = {}
    for dim, descriptors in (("rdm", known), ("condition", rdms.pattern_descriptors)):
        for name, values in descriptors.items():
            column_of = np.asarray(values)
            if name != "index" and column_of.ndim == 1 and name not in ("rdm", "condition"):
                coords[str(name)] = (dim, column_of)
    return xr.DataArray(
        1 - value if similar else value,
        coords,
        ("rdm", "condition", "condition_other"),
        attrs={**rdms.descriptors, "measure": str(rdms.dissimilarity_measure)},
    )


def _name(matrix: xr.Dataset) -> str:
    return str(matrix.attrs.get("recording", "similarity matrix"))


def _dissimilarity(matrix: xr.Dataset, value: np.ndarray) -> np.ndarray:
    return 1 - value if matrix.attrs["kind"] == "similarity" else value


def _labels(matrix: xr.Dataset, over: str) -> dict[str, list[Any]]:
    """Labels of the conditions: coordinates over them, by name."""
    return {
        str(name): one.values.tolist()
        for name, one in sorted(matrix.coords.items())
        if one.dims == (over,)
    }
