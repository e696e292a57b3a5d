"""What a raw configuration may hold: text, numbers, dates, lists and mappings, of bounded size."""

import datetime
import math
from collections.abc import Mapping
from typing import Any

from spikedrift.config.numbers import LARGEST
from spikedrift.core.errors import InputError

DEEPEST = 40  # lists and mappings in each other
MOST_VALUES = 200_000
LONGEST = 100_000  # characters of a text


def check_plain(raw: Any, where: str) -> None:
    """Refuse values that no field could take, and nesting that would break code that follows it.

    Parameters
    ----------
    raw : any
        As parsed from YAML, where a list may hold itself.
    where : str
        File or key path that the line begins with.

    Raises
    ------
    InputError
        For a list or mapping that holds itself, nests too deep or stands for too many values, a
        key that is no text, a text that is too long, a number that is not finite or not of 64
        bits, and values of other types; names the key path.
    """
    left = [MOST_VALUES]

    def look(value: Any, path: str, holders: tuple[int, ...]) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise _refused("", f"stands for more than {MOST_VALUES} values")
        if isinstance(value, Mapping | list | tuple):
            if id(value) in holders:
                raise _refused(path, "holds itself; an alias must not lie within its anchor")
            if len(holders) >= DEEPEST:
                raise _refused(path, f"is nested more than {DEEPEST} deep")
            inside = (*holders, id(value))
            if isinstance(value, Mapping):
                for key, one in value.items():
                    if not isinstance(key, str):
                        raise _refused(path, f"the key {str(key)[:40]} is no text; quote it")
                    look(one, f"{path}.{key}" if path else key, inside)
            else:
                for index, one in enumerate(value):
                    look(one, f"{path}[{index}]", inside)
        elif fault := _fault(value):
            raise _refused(path, fault)

    def _refused(path: str, fault: str) -> InputError:
        return InputError(f"{where}: {path[:200] or 'top level'}: {fault}")

    look(raw, "", ())


def _fault(value: Any) -> str:
    """What is wrong with a single value; empty where nothing is."""
    if value is None or isinstance(value, bool | datetime.date):
        return ""
    if isinstance(value, int):
        return f"an integer has 64 bits at most, not {value.bit_length()}" * (abs(value) > LARGEST)
    if isinstance(value, float):
        name = "NaN" if math.isnan(value) else "infinite"
        return "" if math.isfinite(value) else f"a number must not be {name}"
    if not isinstance(value, str):
        return f"is neither text, number, list nor mapping but a {type(value).__name__}"
    if len(value) > LONGEST:
        return f"a text of {len(value)} characters is too long, {LONGEST} are the most"
    return "a text must not hold a null character" * ("\0" in value)
