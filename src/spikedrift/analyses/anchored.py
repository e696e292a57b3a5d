"""Anchored indices of rate and timing between blocks, for comparison with the literature.

S = (D_different - D_same) / (D_different + D_same) says how well trials distinguish segments,
within blocks (S_w) and between them (S_b); D is the dissimilarity of trials of different segments
or of the same one. The published index is (S_w - S_b) / S_w. Rate: D = 1 - Pearson correlation of
square roots of counts at matched gain. Timing: D is SpikeShip at matched counts, and the index is
divided by its value for redrawn spike times, which come from other units. The published index
depends on the noise of single trials: slow states of single units, an additive background, bursts
and changes of the depth of a code look like drift. In the ratio form, 1 - Delta_between /
sqrt(Delta_1 Delta_2) with Delta = D_different - D_same, most of that cancels and a small part is
left. Null: counts (rate) or spike times (timing) of a unit are exchanged between blocks among
trials of the same segment, which assumes that trials, units and spikes are independent given the
segment. Unit of inference: pairs of trials of one recording; descriptive. For drift itself, see the
analysis `signal_drift`.
"""

import numpy as np
import xarray as xr

from spikedrift.analyses.contract.analysis import NAN, Analysis, Statistic
from spikedrift.config.analyses import AnchoredOptions
from spikedrift.drift.anchored.rate import EXCHANGE
from spikedrift.drift.anchored.recording import CODES, MATCHING, anchored_indices

NULLS = {
    "rate": EXCHANGE,
    "timing": "spike times exchanged between blocks among trials of the same segment and unit",
}
FORMS = {  # statistic -> statistic of its test, its null, its p
    "index": ("index_raw", "null", "p_value"),
    "index_ratio": ("ratio_raw", "null_ratio", "ratio_p_value"),
}
UNIT = "pairs of trials"
KEPT = (
    "index", "index_raw", "index_ratio", "ratio_raw", "ratio_p_value", "null_ratio",
    "discrimination_within", "discrimination_between", "gate_passed", "gate", "gate_note",
    "gate_p_value", "n_within", "n_between", "n_trials", "missing", "shared_units",
)  # fmt: skip


def run(
    dataset: xr.Dataset, options: AnchoredOptions, seed: int
) -> tuple[xr.Dataset, list[Statistic]]:
    """Anchored indices of both codes, in both forms, on all trials and on those matched by state.

    Returns
    -------
    arrays : Dataset
        Of `spikedrift.drift.anchored.recording.anchored_indices`, (matching, code): `KEPT`, the
        exchange surrogates `null_index` (.., surrogate) and the p of the published form,
        `index_p_value`. Attribute `state_note`: why no trials could be matched.
    statistics : list of Statistic
        For each code `{code}.index` and `{code}.index_ratio`, effect sizes with the p of their
        exchange tests; the tests compare `{code}.index_raw` and `{code}.ratio_raw`, which stand
        there with the null. `{code}.state_matched.index` and `..index_ratio` where trials could be
        matched. NaN where no code was detected or the index is too imprecise. Timing is left out of
        two-photon recordings.

    Raises
    ------
    InputError
        As `anchored_indices`.
    """
    chosen = {name: getattr(options, name) for name in AnchoredOptions.model_fields}
    found = anchored_indices(dataset, AnchoredOptions.model_validate(chosen), seed)
    codes = [code for code in CODES if code == "rate" or "event_amplitude" not in dataset]
    statistics = []
    for matching in MATCHING:
        if not int(found["n_trials"].sel(matching=matching, code="rate")):
            continue
        for code in codes:
            one = found.sel(matching=matching, code=code)
            prefix = f"{code}." if matching == "none" else f"{code}.state_matched."
            for form in FORMS:
                statistics += _of_form(one, prefix, form, NULLS[code])
    arrays = found[list(KEPT)].assign(null_index=found["null"], index_p_value=found["p_value"])
    note = str(found.attrs["state_note"])
    return arrays.drop_attrs(deep=False).assign_attrs(state_note=note), statistics


def _of_form(one: xr.Dataset, prefix: str, form: str, what: str) -> list[Statistic]:
    """Effect size with its p, and the statistic of its test with the null."""
    raw, null, p = FORMS[form]
    n = int(one["n_within"]) + int(one["n_between"])
    drawn = one[null].values
    drawn = drawn[np.isfinite(drawn)]
    mean, low, high = NAN, NAN, NAN
    if drawn.size:
        mean, (low, high) = float(drawn.mean()), np.quantile(drawn, [0.025, 0.975])
    return [
        Statistic(
            f"{prefix}{form}", float(one[form]), n, UNIT, null=f"{what}; tested: {raw}",
            p_value=float(one[p]), tail="upper", no_drift=0.0,
        ),
        Statistic(
            f"{prefix}{raw}", float(one[raw]), n, UNIT, null=what,
            null_mean=mean, null_low=float(low), null_high=float(high),
        ),
    ]  # fmt: skip


ANALYSIS = Analysis(
    name="anchored",
    title="Anchored indices",
    citation="",
    run=run,
    needs=frozenset({"blocks", "segments"}),
)
