"""Signal drift: drift without the noise, gain and background of single trials.

The index is the share of the variance of a unit's tuning over segments (rate), or of its temporal
profile in a segment (timing), that is new from one block to the other: 0 where the tuning or the
profile is kept up to a factor, 1 where the unit responds as another unit does. Only products of
different trials enter, so that neither the noise of trials, nor gains or slow states of units, nor
a flat background, nor a change of the depth of the code biases the index. Curves show the same for
windows of successive repeats, against the number of repeats between them; they have no noise floor.
The depth of the code is shown beside them: learning and forgetting change it, and that is not
drift. Test of drift: the larger p of random signs of the contributions of units and of a jackknife
over repeats, which allows for noise that units share. The difference of timing and rate is tested
in the same way, two-sided and paired. The tests assume that noise is independent from trial to
trial; they hold their level where either units or repeats are independent. Unit of inference: the
units and the repeats of one recording; descriptive.
"""

import xarray as xr

from spikedrift.analyses.contract.analysis import Analysis, Statistic
from spikedrift.config.drift import SignalOptions
from spikedrift.drift.signal.index import NUMBERS
from spikedrift.drift.signal.indices import CODES, signal_indices

NUMBERED = (*NUMBERS, "depth_change", "depth_change_low", "depth_change_high")
KEPT = ("curve", "curve_low", "curve_high", "depth", "n_pairs", "gate", "gate_note")


def run(
    dataset: xr.Dataset, options: SignalOptions, seed: int
) -> tuple[xr.Dataset, list[Statistic]]:
    """Signal indices of both codes, their difference, and the depth of the codes.

    Returns
    -------
    arrays : Dataset
        `curve`, `curve_low`, `curve_high` (code, relation, lag), `depth` (code, block), `n_pairs`
        (relation, lag), `gate`, `gate_note` (code): see
        `spikedrift.drift.signal.indices.signal_indices`.
    statistics : list of Statistic
        For each code `index` with its test of drift; `code`, the share of the signal that is kept
        with the p of the test for a signal; and `depth_change`, ln of the ratio of depths.
        `timing.index_unshifted`, the index of profiles without the shift that all units share;
        `difference`, timing less rate. NaN where a code has no index.

    Raises
    ------
    InputError
        As `signal_indices`.
    """
    found = signal_indices(dataset, SignalOptions(**vars(options)), seed)
    n = dataset.sizes["unit"]
    of = f"{100 * options.confidence:g} % Student"
    wider = f"{of} over units or repeats"
    statistics = []
    for code in CODES:
        one = found.sel(code=code)
        number = {str(name): float(one[name]) for name in NUMBERED}
        statistics += [
            _index(f"{code}.index", one, ("index", "low", "high", "p_value"), n, wider),
            Statistic(
                f"{code}.code",
                number["kept"],
                n,
                "units",
                null="no signal in some block: random signs of the powers of units",
                p_value=number["code_p_value"],
                tail="upper",
                of_drift=False,
            ),
            Statistic(
                f"{code}.depth_change",
                number["depth_change"],
                n,
                "units",
                low=number["depth_change_low"],
                high=number["depth_change_high"],
                interval=f"{of} over units",
                of_drift=False,
            ),
        ]
    moved = ("index_unshifted", "unshifted_low", "unshifted_high", "unshifted_p_value")
    timing = found.sel(code="timing")
    statistics.append(_index("timing.index_unshifted", timing, moved, n, wider))
    paired = {name: float(found[f"difference{name}"]) for name in ("", "_low", "_high", "_p_value")}
    statistics.append(
        Statistic(
            "difference",
            paired[""],
            n,
            "units",
            low=paired["_low"],
            high=paired["_high"],
            interval=wider,
            null="both codes drift alike: as of the indices, paired",
            p_value=paired["_p_value"],
            tail="two",
            no_drift=0.0,
        )
    )
    return found[list(KEPT)].drop_attrs(deep=False), statistics


def _index(
    name: str, found: xr.Dataset, numbers: tuple[str, str, str, str], n: int, interval: str
) -> Statistic:
    """Statistic of an index, from the names of its value, the ends of its interval and its p."""
    value, low, high, p = (float(found[number]) for number in numbers)
    return Statistic(
        name,
        value,
        n,
        "units",
        low=low,
        high=high,
        interval=interval,
        null="no drift, for independent units (random signs) and repeats (jackknife)",
        p_value=p,
        tail="upper",
        no_drift=0.0,
    )


ANALYSIS = Analysis(
    name="signal_drift",
    title="Signal drift",
    citation="",
    run=run,
    needs=frozenset({"blocks"}),
)
