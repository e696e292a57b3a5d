"""Similarity matrices of a recording held against those of every simulated run of a sweep.

The file `results/structure/{comparison}.nc`, a Dataset.

Dims
    `view`: "whole", matrices as they are; "beyond", after lag and block are out.
    `code`: "rate", "timing". `comparator`: as configured. `condition`; `instance`, padded with NaN.
    `baseline`: "lag_only", "block_only", "no_drift".
    `pair`: pairs of windows of repeats, with coordinates `row`, `column` (windows, in order of
    time), `lag` (windows) and `relation` ("within" or "between" blocks).
    `block_pair`: pairs of blocks, with coordinates `block`, `block_other`.

Scores, repeat x repeat (drift structure)
    * `score` (view, code, comparator, condition, instance): each run against the recording. NaN
      where a comparator has no form in a code (procrustes in timing and beyond lag and block).
    * `condition_score`, `score_low`, `score_high` (view, code, comparator, condition): mean over
      instances, and its Student interval, NaN below `headline_instances`.
    * `baseline_score` (view, code, comparator, baseline).
    * `matched_noise` (view, code, comparator, condition): mean score of two instances of the
      condition, one taken for the recording; NaN with a single instance.
    * `ceiling_low`, `ceiling_high` (view, code, comparator): what a right model can reach, from
      random halves of the recording's units; NaN where halves share nothing or there is no RDM.
    * `p_value`, `p_holm` (code, comparator, condition): of the score beyond lag and block, against
      circular shifts of the model's windows inside their blocks; Holm over all that are tested.

Matrices
    * `recording_rdm` (view, code, pair), `condition_rdm` (view, code, condition, pair), mean over
      instances, `baseline_rdm` (view, code, baseline, pair). Units: `rdm_units` (JSON by code).

Segment geometry, where segments correspond (else absent, and `refused` says why)
    * `geometry_score` (code, comparator, condition, instance), `geometry_condition_score`,
      `geometry_p_value`, `geometry_p_holm` (code, comparator, condition): segment x segment
      matrices; movies with the trend over distance in time out of both, against circular shifts of
      the model's time axis (all of them), other segments against permuted labels.

Change of segment geometry, each side by itself, needs no correspondence
    * `recording_geometry_between` (code, comparator, block_pair), `recording_geometry_within`
      (code, comparator): geometry of one block against another, and of the halves (repeats dealt by
      turns) of one block, mean over blocks; `geometry_between` (code, comparator, condition,
      instance), mean over pairs of blocks, and `geometry_within` (same dims).

Attributes
----------
    `recording`, `sweep`, `control`, `titles` (JSON: condition -> words), `comparator_titles`,
    `directions` ("higher" or "lower": what is more alike), `blind_to` (JSON by comparator);
    `matched`: one line, what was brought to the same number; `refused`: what was not compared and
    why, one a line; `conclusion`: what holds, one sentence a line; `inference`: unit of inference,
    n, nulls, assumptions; `n_units`, `n_segments`, `options` (JSON), `seed`.
"""
