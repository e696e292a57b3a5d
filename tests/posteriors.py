"""A family of models whose posterior is known, and an estimator that knows the form of it."""

import json

import numpy as np

from spikedrift.comparison.posterior.posterior import infer
from spikedrift.comparison.posterior.space import Space, normal
from spikedrift.comparison.scores.models import Models
from spikedrift.comparison.scores.summary import STATISTICS, Run
from spikedrift.config.posterior import Posterior
from spikedrift.sweeps.coordinates import Coordinates

AXES = [
    {"name": "lasts", "title": "correlation time (days)", "low": 1, "high": 100, "scale": "log"},
    {"name": "day", "title": "share of the day", "low": 0, "high": 1, "scale": "linear"},
]
NOISE = 0.4
KNOWN = {"lasts": 20.0, "day": 0.3}


class Seen(Run):
    """A run of which nothing but its statistics is known."""

    def __init__(self, name, values, trials=(0.1, 4), n_units=40, lag=5):
        for key, value in {"_name": name, "_values": values, "_trials": trials,
                           "_units": n_units, "_lag": lag}.items():  # fmt: skip
            object.__setattr__(self, key, value)

    name = property(lambda self: self._name)
    trials = property(lambda self: self._trials)
    n_units = property(lambda self: self._units)

    def largest_lag(self):
        return self._lag

    def reliability(self):
        return np.full(2, np.nan)

    def parts(self, lag):
        assert lag == 5, "drops are taken over the lags of the recording"
        names = {*STATISTICS, "rate_gap", "timing_gap"}
        return {name: np.array(self._values.get(name, np.nan)) for name in names}


def statistics(values, rng):
    """Statistics of a run at values on the axes."""
    z = normal(Space.of(AXES).unit(np.array([values["lasts"], values["day"]])))
    drop, step = z + NOISE * rng.standard_normal(2)
    return {"rate_drop": drop, "rate_step": 3 * step + 1, "log_rate": 2.0}


def family(n=400, **settings):
    """Runs of one family and a recording of it."""
    rng = np.random.default_rng(1)
    runs, coordinates = {}, {}
    for k, unit in enumerate(rng.random((n, 2))):
        axes = dict(zip(("lasts", "day"), Space.of(AXES).values(unit).tolist(), strict=True))
        runs[f"p{k}"] = [Seen(f"p{k}", statistics(axes, rng), **settings)]
        coordinates[f"p{k}"] = Coordinates("drifts", axes, (f"1.{k}",), "drifts on")
    return Models(runs, coordinates, {}, ""), Seen("hidden", statistics(KNOWN, rng))


def linear(wide=1.0):
    """An estimator of Gaussian posteriors whose mean is linear in the statistics."""

    def estimate(data, options):
        rng = np.random.default_rng(options["seed"])
        x = np.column_stack([data["statistics"], np.ones(len(data["statistics"]))])
        slope, *_ = np.linalg.lstsq(x, data["parameters"], rcond=None)
        spread = wide * (data["parameters"] - x @ slope).std(axis=0)
        mean = np.column_stack([data["asked"], np.ones(len(data["asked"]))]) @ slope
        noise = rng.standard_normal((len(mean), options["draws"], mean.shape[1]))
        off = (data["places"] - mean[-1]) / spread
        return {
            "draw": mean[:, None] + spread * noise,
            "log_density": (-0.5 * off**2 - np.log(spread)).sum(axis=1)[None],
            "loss": np.ones((1, 2)),
            "validation_loss": np.ones((1, 2)),
            "versions": json.dumps({"linear": "1"}),
        }

    return estimate


def options(**changes):
    """Entry of `posteriors`."""
    given = {"statistics": ("rate_drop", "rate_step"), "draws": 199, "known": KNOWN, **changes}
    return Posterior(name="p", recording="hidden", sweep="s", **given)


def inferred(models, recording, wide=1.0, **changes):
    """Posterior of the family; wide: factor on its spread, which is right at 1."""
    return infer(recording, models, ["drifts"], AXES, options(**changes), linear(wide), 1)
