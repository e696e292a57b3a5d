"""Words of results of before, and what they are called now: for `same_results.py`."""

import re
from typing import Any

import numpy as np
import xarray as xr

_ALONE = r"(?:^|(?<=\t)){}(?=\t|$)"  # a whole name, or a cell of a table
_POINTS = {
    "condition": "point",
    "condition_recovered": "point_recovered",
    "condition_confusion": "point_confusion",
    "condition_rule": "point_variant",
    "condition_score": "point_score",
    "condition_rdm": "point_rdm",
    "geometry_condition_score": "geometry_point_score",
    **{f"rule{end}": f"variant{end}" for end in ("", "_recovered", "_title")},
    **{f"rule{end}": f"variant{end}" for end in ("_accuracy", "_low", "_high")},
}
_OF_POINTS = r"^(compare|structure|recovery|figures/(?!survey\.|final/2_))"
_OF_VARIANTS = r"^(surveys/|sweeps/|figures/survey\.)"

# Where (a pattern of the path, of labels with `:variable` after it; empty: everywhere), old (a
# pattern), new.
RENAMED: tuple[tuple[str, str, str], ...] = (
    *((_OF_POINTS, _ALONE.format(old), new) for old, new in _POINTS.items()),
    (_OF_VARIANTS, _ALONE.format("condition"), "variant"),
    (r"^analyses/", r"\bdrift_index\b", "rdi"),
    (r"^(drift|curves)/|^surveys/.*:statistic$", r"\bdrift_index\b", "rdi"),
    (r"^inference/", r"\bdrift_index(?=\t(unit|population)\.)", "rdi"),
    (r"^inference/", r"\.drift_index\b", ".rdi"),
    (r"^(inference|figures|surveys)/", r"\bdrift_index\b", "signal_index"),
    ("", r"\bdrift_(gate|p|chance)\b", r"signal_\1"),
    ("", r"\bexperience_unit\b", "subject"),
    ("", r"\bleast_p\b", "smallest_p"),
    ("", r"\boutsiders_verdict\b", "out_of_model_verdict"),
    ("", r"^outsider$", "out-of-model control"),
    ("", r"\bnot_told_apart\b", "indistinguishable"),
    ("", r"\btold_apart\b", "distinguishable"),
    (r"^recovery/", r"^subject(?=$|_kind$|_value$)", "checked"),
    ("", r"\bheadline_instances\b", "min_instances"),
    ("", r"\bmatched_on\b", "comparable_on"),
    ("", r"\bunmatched_above\b", "incomparable_above"),
    (r"^compare/", r"^matched$", "compared_trait"),
    (r"^structure/", r"^matched$", "subsampled"),
    (r"^compare/", r"^mismatch$", "trait_difference"),
    (r"^compare/", r"^unmatched$", "incomparable"),
    ("", r"\bmismatch(?=\t)", "trait_difference"),
    ("", r"^whole$|\bwhole(?=\t)", "full"),
    ("", r"^beyond$|\bbeyond(?=\t)", "residual"),
    ("", r"^no code$|\bno code(?=\t)", "no code detected"),
    ("", r"^imprecise$|(?<=\t)imprecise(?=\t)", "too imprecise"),
    ("", r"\bn_wanted\b", "n_preregistered"),
)


def renamed(text: str, path: str) -> str:
    """Name or text of a result of before, as it is called now."""
    for where, old, new in RENAMED:
        if re.search(where, path):
            text = re.sub(old, new, text)
    return text


def renamed_in(dataset: xr.Dataset, path: str) -> xr.Dataset:
    """Data set of before with the names of now: variables, labels, attributes."""
    names = {str(name): renamed(str(name), path) for name in (*dataset.variables, *dataset.dims)}
    dataset = dataset.rename({old: new for old, new in names.items() if old != new})
    for name, variable in dataset.variables.items():
        if variable.dtype.kind in "OUT":
            place = f"{path}:{name}"  # labels of a variable
            now = np.array([renamed(str(one), place) for one in variable.values.ravel()], object)
            dataset = dataset.assign({name: (variable.dims, now.reshape(variable.shape))})
    attributes: dict[str, Any] = {
        renamed(str(key), path): renamed(value, path) if isinstance(value, str) else value
        for key, value in dataset.attrs.items()
    }
    return dataset.drop_attrs(deep=False).assign_attrs(attributes)
