"""How far a model condition is from a recording, in units of what chance alone does.

`compare.compare` is the whole; the other files hold one step each: the statistics that stand for
a recording, their covariance, the distance with one fitted time scale, the baselines that know
only lag or only block, and the noise ceiling.
"""
