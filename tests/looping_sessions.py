"""Networks that are trained in loops: a session, and its trials."""

from pathlib import Path
from types import ModuleType

from spikedrift import trials
from spikedrift.config.overrides import override
from spikedrift.networks.copies import Recorded
from spikedrift.networks.session_plan import NetworkRun, Plan, plan
from spikedrift.networks.simulate import Simulated, simulate


def session(model: ModuleType, changes: dict, seed: int = 1) -> tuple[Plan, Recorded]:
    """Run a session of a model file with changed options."""
    options = override(model.MODEL.options(), changes, "looping")
    planned = plan(model.MODEL, options, NetworkRun("looping", {}, seed, 0))
    return planned, model.integrate(planned)


def shown_twice(model: ModuleType, changes: dict, folder: Path) -> Simulated:
    """Simulate a session twice; return its trials and traces."""
    options = override(model.MODEL.options(), changes, "looping")
    found, again = (
        simulate(
            model.MODEL, options, {}, recording="looping.frozen", seed=1, instance=0,
            build_dir=folder, scratch_dir=folder,
        )
        for _ in range(2)
    )  # fmt: skip
    trials.check(found.trials)
    assert found.trials.identical(again.trials) and found.traces.identical(again.traces)
    assert found.trials.attrs["mean_rate"] > 0
    return found
