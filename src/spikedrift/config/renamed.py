"""Keys and values of the configuration that have another name now.

An old one is refused in one line that names the new one.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from spikedrift.core.errors import InputError

# Name of the model -> old key -> new key.
RENAMED: dict[str, dict[str, str]] = {
    "Compare": {
        "headline_instances": "min_instances",
        "matched_on": "comparable_on",
        "unmatched_above": "incomparable_above",
    },
    "Comparison": {"outsiders": "out_of_model"},
    "From": {"conditions": "variants"},
    "SimulatedOptions": {"condition": "variant"},
    "Sweep": {"conditions": "variants"},
}
# Where a value stands, what of it is old, what stands there now; the patterns are regular.
RENAMED_VALUES: tuple[tuple[str, str, str], ...] = (
    (r"analyses\[\]\.analysis", r"^drift_index$", "rdi"),
    (r"ground_truth\.(measures|analyses)\[\]\.measure", r"^drift_index$", "rdi"),
    (r"ground_truth\.(cases|power)\[\]\.measures\[\]", r"^drift_index$", "rdi"),
    (r"inference\[\]\.statistics\[\]", r"^drift_index\.(?=unit|population)", "rdi."),
    (r"inference\[\]\.statistics\[\]", r"^drift_index\.", "signal_index."),
    (r"inference\[\]\.statistics\[\]", r"\.drift_index$", ".rdi"),
    (r"predictions\[\]\.(statistic|minus)", r"^analyses\.drift_index\.", "analyses.rdi."),
    (r"predictions\[\]\.(statistic|minus)", r"\.drift_index$", ".rdi"),
)


def new_name(model: type, key: str) -> str | None:
    """Key of a model that was called `key`; None where none was."""
    return RENAMED.get(model.__name__, {}).get(key)


def refuse_old_values(raw: Mapping[str, Any], where: str = "config") -> None:
    """Refuse the first value that has another name now.

    Parameters
    ----------
    raw : mapping
        As parsed from YAML.
    where : str
        What the key path in an error starts with.

    Raises
    ------
    InputError
        Naming the new one.
    """
    for path, value in _texts(raw):
        place = re.sub(r"\[\d+\]", "[]", path)
        for pattern, old, new in RENAMED_VALUES:
            if re.fullmatch(pattern, place) and re.search(old, value):
                raise InputError(
                    f"{where}: {path}: {value!r} is called {re.sub(old, new, value)!r} now"
                )


def _texts(raw: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of nested mappings and lists, with its place: `analyses[0].analysis`."""
    if isinstance(raw, str):
        yield path, raw
    elif isinstance(raw, Mapping):
        for key, value in raw.items():
            yield from _texts(value, f"{path}.{key}" if path else str(key))
    elif isinstance(raw, list):
        for index, value in enumerate(raw):
            yield from _texts(value, f"{path}[{index}]")
