"""Methods of inference over animals, sessions and units, or over network instances.

Units of one animal, and trials of one unit, are not independent: claims about animals are tested
over animals, with the levels below nested in them.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from spikedrift.core.errors import InputError

NAN = float("nan")
EXACT = 2**13  # sign flips; beyond it they are drawn at random
Tree = np.ndarray | list["Tree"]


@dataclass(frozen=True)
class Effect:
    """A standardized effect size with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Mixed:
    """A linear mixed model with a random intercept by group.

    Attributes
    ----------
    fixed : DataFrame
        One row per fixed effect: `estimate`, `low`, `high`, `p_value` (Wald, normal: too narrow
        with few groups).
    group_variance, residual_variance : float
    note : str
        What the fit warned of; empty where it converged inside its bounds.
    """

    fixed: pd.DataFrame
    group_variance: float
    residual_variance: float
    note: str


def _tree(values: np.ndarray, levels: Sequence[np.ndarray]) -> Tree:
    if not levels:
        return values
    own, *below = levels
    return [
        _tree(values[own == label], [level[own == label] for level in below])
        for label in np.unique(own)
    ]


def nested_mean(values: np.ndarray, levels: Sequence[np.ndarray]) -> float:
    """Mean over the top level of means over the next, and so on: every animal counts alike.

    Parameters
    ----------
    values : float64, shape (n_values,)
    levels : sequence of arrays, shape (n_values,)
        Labels from the top down, such as animal and session.
    """

    def mean(node: Tree) -> float:
        return float(np.mean(node if isinstance(node, np.ndarray) else [mean(x) for x in node]))

    return mean(_tree(np.asarray(values, dtype=np.float64), [np.asarray(x) for x in levels]))


def hierarchical_bootstrap(
    values: np.ndarray, levels: Sequence[np.ndarray], samples: int, rng: np.random.Generator
) -> np.ndarray:
    """Resample animals, within each drawn animal its sessions, within each drawn session its units.

    Every animal drawn is resampled anew, however often it is drawn (Saravanan, Berman & Sober 2020,
    Neurons, Behavior, Data Analysis and Theory 3(5)). Percentiles of the result are an interval of
    the mean over animals. With A animals it is too narrow by sqrt((A - 1) / A) and because it takes
    percentiles over few animals, and too wide because the lower levels are resampled as well: rely
    on it from ten animals on.

    Parameters
    ----------
    values : float64, shape (n_values,)
    levels : sequence of arrays, shape (n_values,)
        Labels from the top down, such as animal and session. Values are the last level.
    samples : int
    rng : Generator

    Returns
    -------
    float64, shape (samples,)
        Nested means, see `nested_mean`.

    Raises
    ------
    InputError
        Without values, or where a value is undefined.
    """
    values = np.asarray(values, dtype=np.float64)
    if not values.size or not np.isfinite(values).all():
        raise InputError("a bootstrap needs values, all of them defined")

    def draw(node: Tree, size: int) -> np.ndarray:
        """`size` independent resamples of a node's mean."""
        index = rng.integers(len(node), size=(size, len(node)))
        if isinstance(node, np.ndarray):
            return np.asarray(node[index].mean(axis=1))
        out = np.empty(index.shape)
        for k, child in enumerate(node):
            here = index == k
            out[here] = draw(child, int(here.sum()))
        return np.asarray(out.mean(axis=1))

    return draw(_tree(values, [np.asarray(level) for level in levels]), samples)


def student_interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """Student interval of the mean of independent values (n,); NaN with fewer than two."""
    if values.size < 2:
        return NAN, NAN
    interval = scipy.stats.ttest_1samp(values, 0.0).confidence_interval(confidence)
    return float(interval.low), float(interval.high)


def sign_flip(values: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Test that values are symmetric about 0 by flipping their signs; two-sided.

    The test is exact, over all 2^n signs, up to 13 values; with more, it takes 9999 draws of signs
    and the signs as they are. It assumes independent values whose distribution is symmetric about 0
    under the null hypothesis.

    Parameters
    ----------
    values : float64, shape (n,)
    rng : Generator

    Returns
    -------
    p_value, least : float
        `least` is the smallest attainable p of n values: 2 / 2^n, or 2 / 10000.
    """
    found = scipy.stats.permutation_test(
        (values,),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        n_resamples=EXACT if values.size <= np.log2(EXACT) else 9999,
        vectorized=True,
        rng=rng,
    )
    least = 2 / 2**values.size if values.size <= np.log2(EXACT) else 2 / 10000
    return float(found.pvalue), float(least)


def wilcoxon(values: np.ndarray) -> tuple[float, float]:
    """Wilcoxon signed-rank test of symmetry of values (n,) about 0, two-sided.

    Returns p and the smallest p that n values can give; p is 1 where all values are 0.
    """
    if not np.any(values):
        return 1.0, float(2 / 2**values.size)
    return float(scipy.stats.wilcoxon(values).pvalue), float(2 / 2**values.size)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm-corrected p (n,) over the defined ones (Holm 1979, Scand J Stat 6:65); NaN stays NaN."""
    # Not statsmodels': it collects garbage in every call, which takes longer than most tests here.
    order = np.argsort(p_values)  # NaN last
    n = np.count_nonzero(np.isfinite(p_values))
    out = np.full(len(p_values), np.nan)
    raised = p_values[order[:n]] * np.arange(n, 0, -1)
    out[order[:n]] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return out


def hedges_g(x: np.ndarray, y: np.ndarray | None = None, confidence: float = 0.95) -> Effect:
    """Hedges' g of one sample against 0 (paired: of the differences), or of two samples.

    It is the mean, or the difference of means, over the (pooled) standard deviation, times the
    factor that takes out its bias in small samples (Hedges 1981, J Educ Stat 6:107, eq. 6e). The
    interval is that of the population's effect, from the noncentral t distribution; it is exact for
    normal values.

    Parameters
    ----------
    x, y : float64, shapes (n_x,) and (n_y,)
    confidence : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Effect
        NaN with fewer than two values, or values that do not vary.
    """
    if y is None:
        dof, scale = x.size - 1, 1 / np.sqrt(max(x.size, 1))
        difference = float(np.mean(x)) if x.size else NAN
        spread = float(np.std(x, ddof=1)) if dof > 0 else NAN
    else:
        dof, scale = x.size + y.size - 2, float(np.sqrt(1 / x.size + 1 / y.size))
        difference = float(np.mean(x) - np.mean(y))
        squares = np.sum((x - x.mean()) ** 2) + np.sum((y - y.mean()) ** 2)
        spread = float(np.sqrt(squares / dof)) if dof > 0 else NAN
    if not spread > 1e-12 * abs(difference) or not spread > 0:
        return Effect(NAN, NAN, NAN)
    d = difference / spread
    factor = np.exp(scipy.special.gammaln(dof / 2) - scipy.special.gammaln((dof - 1) / 2))
    factor = factor / np.sqrt(dof / 2) if dof > 1 else NAN
    tail = (1 - confidence) / 2
    low, high = scipy.special.nctdtrinc(dof, [1 - tail, tail], d / scale) * scale
    return Effect(float(d * factor), float(low), float(high))


def mixed_model(
    table: pd.DataFrame, fixed: str = "1", group: str = "animal", confidence: float = 0.95
) -> Mixed:
    """Fit value ~ fixed + (1 | group) by restricted maximum likelihood (statsmodels MixedLM).

    Parameters
    ----------
    table : DataFrame
        Columns `value`, `group` and those of `fixed`.
    fixed : str
        Right-hand side of a formula.
    group : str
        Column of the animal or network instance.
    confidence : float

    Raises
    ------
    InputError
        With fewer than three groups or no group with two values, since variance between and within
        groups then cannot be distinguished; and where no optimizer finds a fit.
    """
    # Two seconds, where most that import this module test one sample.
    import statsmodels.formula.api as smf
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    sizes = table.groupby(group).size()
    if len(sizes) < 3 or sizes.max() < 2:
        raise InputError(
            f"a mixed model needs three groups ({group}) and one with two values, there are "
            f"{len(sizes)} with {sizes.max() if len(sizes) else 0} at most"
        )
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", ConvergenceWarning)
        model = smf.mixedlm(f"value ~ {fixed}", table, groups=table[group])
        found = _fitted(model)
    names = found.fe_params.index
    limits = found.conf_int(alpha=1 - confidence).loc[names]
    effects = pd.DataFrame(
        {
            "estimate": found.fe_params,
            "low": limits[0],
            "high": limits[1],
            "p_value": found.pvalues[names],
        }
    )
    notes = dict.fromkeys(
        str(one.message).splitlines()[0]
        for one in said
        if issubclass(one.category, ConvergenceWarning)
    )
    return Mixed(effects, float(found.cov_re.iloc[0, 0]), float(found.scale), "; ".join(notes))


def _fitted(model: Any) -> Any:
    """Fit by the first optimizer that does not run into a singular matrix."""
    for method in ("lbfgs", "powell", "nm"):
        try:
            return model.fit(reml=True, method=method)
        except np.linalg.LinAlgError:  # a step of a line search too far from the data's scale
            continue
    raise InputError("a mixed model could not be fitted: its matrices are singular")
