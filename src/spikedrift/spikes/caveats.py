"""Reasons against inference from a recording, in the one place that all code asks.

Files of trials carry `trial_order_known`, `pseudo_population` and `subject`, and hand them
on to all that is made of them. A file that lacks one is refused: what is not known does not count
as a yes.
"""

from collections.abc import Mapping
from typing import Any

from spikedrift.core.errors import InputError
from spikedrift.spikes.layout import Layout

POOLED = "its units are pooled over sessions or animals"
ASSUMED = "the order of its trials, and so its blocks, are assumed"
NOBODY = "its animal is not known"


def order_known(attributes: Mapping[str, Any]) -> bool:
    """Whether the order of trials, and so what a block is, was recorded rather than assumed.

    Parameters
    ----------
    attributes : mapping
        Attributes of a trials file, or of a file that was made of one.

    Raises
    ------
    InputError
        Where the attributes do not say.
    """
    return bool(int(_said(attributes, "trial_order_known")))


def pooled(attributes: Mapping[str, Any]) -> bool:
    """Whether units come from several sessions or animals, and were not recorded together.

    Raises
    ------
    InputError
        Where the attributes do not say.
    """
    return bool(int(_said(attributes, "pseudo_population")))


def subject_of(attributes: Mapping[str, Any]) -> tuple[str, str]:
    """Animal or network instance that a recording is counted for, and why there is none to count.

    Returns
    -------
    subject, caveat : str
        One of them empty.

    Raises
    ------
    InputError
        Where the attributes do not say.
    """
    unit = str(_said(attributes, "subject")).strip()
    if pooled(attributes) or ";" in unit:
        return "", POOLED
    if not unit or unit.startswith("session "):
        return "", NOBODY
    return unit, ""


def caveat(attributes: Mapping[str, Any]) -> str:
    """Reason why a recording by itself allows no inference; empty where it allows one.

    Raises
    ------
    InputError
        Where the attributes do not say.
    """
    if pooled(attributes):
        return POOLED
    return "" if order_known(attributes) else ASSUMED


def handed_on(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes that a file made of a recording must keep beside its own.

    Raises
    ------
    InputError
        Where one of them is missing.
    """
    names = ("pseudo_population", "trial_order_known", "subject")
    return {name: _said(attributes, name) for name in names}


def need_blocks(layout: Layout, what: str) -> None:
    """Refuse a recording with a single block.

    Raises
    ------
    InputError
        Naming `what`, which needs the blocks.
    """
    if layout.n_blocks < 2:
        raise InputError(
            f"{layout.name}: {what} needs two blocks, the selection has one; "
            "use the lag curves, or give the recording blocks"
        )


def _said(attributes: Mapping[str, Any], name: str) -> Any:
    if name not in attributes:
        raise InputError(
            f"{attributes.get('recording', 'a recording')}: attribute {name!r} is missing, without "
            "which nothing can be inferred; make the file again with one (docs/trials.md)"
        )
    return attributes[name]
