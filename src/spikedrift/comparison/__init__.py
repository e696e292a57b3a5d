"""How far a model is from a recording, in units of what chance alone does.

`scores` holds the scores of drift statistics, `matrices` those of similarity matrices, `recovery`
the test of whether either could recover a variant.
"""
