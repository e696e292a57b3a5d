"""Could the comparison tell the rules of a sweep apart at all, and would it notice an outsider?

Every simulated run takes the recording's place in turn: its statistics are scored against the runs
of all conditions, by the same score and with the same free time scale, and the rule of the nearest
condition is the rule recovered. Nothing of the run may be known beforehand: instances of one index
share wiring, patterns and noise over all conditions, so that an index is held out in all of them at
once, and the covariance comes from the others only.
"""

import xarray as xr

from spikedrift.config.compare import Compare
from spikedrift.config.recovery import Recovery


def recover(
    scores: xr.Dataset,
    outsiders: object = None,
    compare: Compare | None = None,
    options: Recovery | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Recover the rule and the parameters of every run of a comparison.

    Parameters
    ----------
    scores : Dataset
        A comparison (`spikedrift.comparison.compare`): `instance_value` (condition, instance,
        statistic), `recording_value`, `scales`; coordinate `rule` (condition), where it is missing
        each condition is a rule; coordinates `axis_{name}` (condition), NaN or empty where a
        condition is not swept. Statistics beyond `compare.statistics` do not enter the score.
    outsiders : mapping of name -> array, shape (n_statistics,), optional
        Statistics of generators from outside the library, in the order of the coordinate.
    compare : Compare
        Statistics of the score, grid of time scales, bootstrap, confidence, headline instances.
    options : Recovery
    seed : int
        Of the permutations and the bootstrap.

    Returns
    -------
    Dataset
        Dims `rule`, `rule_recovered` (the same rules), `condition`, `condition_recovered`,
        `instance`, `statistic` (all of the comparison), `axis`, `first` and `second` (the rules
        again, of a pair), `subject` (the recording, then the outsiders), `held_out`:

        * `instances`: the run's instance is held out of all conditions, their parameters are known;
        * `values`: and of swept conditions all that have the run's parameter values;
        * `neighbors`: and those whose values lie one step away on every axis or fewer.

        The latter two only where the sweep has axes. Attribute `primary` names the one that the
        pairs use and that is to be quoted: `values` where there are axes, else `instances`.

        Recovery (first dim `held_out`):

        * `confusion` (rule, rule_recovered): share of the rule's runs; NaN where none was scored.
          `condition_confusion` (condition, condition_recovered): the same of conditions.
        * `rule_accuracy`, `rule_low`, `rule_high` (rule): Clopper-Pearson, n counts instances.
        * `accuracy`, `accuracy_low`, `accuracy_high`: balanced over rules; percentile bootstrap over
          instances, NaN below `compare.headline_instances`. `chance`: its mean over permutations of
          conditions within instances, everything fitted anew; `p_value`, `null_accuracy`
          (permutation), `least_p`, the smallest p that so many permutations can give.
        * `rates_accuracy`, `rates_accuracy_low`, `rates_accuracy_high`: of a classifier that sees
          the statistics in the attribute `rates_only` alone, on the same runs; `difference`,
          `difference_low`, `difference_high`: balanced accuracy less that, paired by instance.
          `difference_p`: sign flips of the instances, two-sided.
        * `recovered` (condition, instance): index of the nearest condition, -1: not scored.
          `recovered_within` (condition, instance): the nearest among those of the true rule.
        * `runs_scored`, `runs_given` (rule): a run with an undefined statistic, or without a
          condition of its own rule to be recovered as, is not scored.
        * `steps`, `steps_chance` (axis): mean number of steps on the axis between the run's value
          and that of `recovered_within`, and the mean over all conditions that it could have been.

        Pairs of rules (dims `first`, `second`; filled where first comes before second), at
        `primary`, each pair classified without the others:

        * `pair_accuracy`, `pair_p`, `pair_p_holm`; `told_apart` (int8: 1, 0; -1 where not filled).
        * `separation` (first, second, statistic): |d'| = difference of means over the standard
          deviation within the two rules, without small-sample bias (Hedges); `separating` (first,
          second): the statistic with the largest, among those that drift speed does not multiply;
          `instances_needed` (first, second): instances of each rule with which a t-test of that
          statistic has the power `recovery.power`; inf where there is no difference.

        Posterior-predictive check (dims `subject`, `condition`):

        * `check_distance`, `check_p`, `check_p_holm` (over conditions), `check_time_scale`: is the
          subject one more draw from the condition, at any time scale?
          `compatible` (subject, rule; int8): 1 where some condition of the rule is not rejected at
          `1 - compare.confidence`, 0 where all are, -1 where the check is not defined.
        * `calibration` (condition): share of held-out runs that their own condition rejects, with
          `calibration_low`, `calibration_high` over all; `calibration_all`, about
          `1 - compare.confidence` expected at most.
        * `subject_kind` (subject): recording or outsider; `subject_value` (subject, statistic).

        Attributes: `primary`, `illustration` (int; 1 below `compare.headline_instances`),
        `instances`, `not_told_apart` (JSON, list of sentences), `verdict`, `outsiders_verdict` and
        words for captions: `held_out_words`, `chance_words`, `null_words`, `assumptions`,
        `inference`; `recording`, `titles` (JSON), `options` (JSON), `seed`.

    Raises
    ------
    InputError
        With fewer than two rules, or fewer than two instances of which all statistics are defined.
    """
    raise NotImplementedError
