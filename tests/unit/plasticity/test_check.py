"""A line of a rule that cannot be right is one line that names it."""

from dataclasses import replace

import pytest

from spikedrift.core.errors import InputError
from spikedrift.plasticity import registry
from spikedrift.plasticity.check import check

UNIT = "does not have the expected unit"
WRONG = {
    "x = tau_plus": UNIT,
    "x += 1*second": "inconsistent units",
    "x -= tau_plus": "inconsistent units",
    "x *= tau_plus": UNIT,
    "x /= 2*ms": UNIT,
    "new = 2*ms; x = 1": "invalid syntax",
    "new = exp(tau_plus)": "exp",
    "new = 2*ms\nx = new": f"`x = new`: The right-hand-side of code statement .*{UNIT} 1",
    "new = 2*ms\nnew = 1": f"{UNIT} s",
    "x **= 2": r"unknown operator '\*\*='",
    "x //= 2": "unknown operator '//='",
    "x |= 1": "unknown operator",
    "not += 1": "`not \\+= 1`: ",
    "eta = 1": "eta cannot be set here",
    "w_max = 1": "w_max cannot be set here",
    "z += 1": "unknown variable 'z'",
    "x += (1": "`x \\+= \\(1`: ",
    "w += eta": "the weight has no bounds here",
    "w = clip(w + tau_plus, 0, w_max)": "",
}
RIGHT = ("x += 1", "x *= 2", "x %= 2", "new = 2*ms\nnew += tau_plus\nx = new/tau_plus", "x = 0")


@pytest.fixture(scope="module")
def rule():
    found = registry.declared("pair_stdp")
    assert {"x"} <= {line.split()[0] for line in found.on_pre.splitlines() if line.strip()}
    return found


@pytest.mark.parametrize("code", RIGHT)
def test_a_right_line_passes(rule, code):
    check(replace(rule, on_pre=code))


@pytest.mark.parametrize("code", WRONG)
def test_a_wrong_line_is_refused(rule, code):
    told = f"plasticity rule pair_stdp: on_pre: .*{WRONG[code]}"
    with pytest.raises(InputError, match=told) as refused:
        check(replace(rule, on_pre=code))
    assert "\n" not in str(refused.value)
