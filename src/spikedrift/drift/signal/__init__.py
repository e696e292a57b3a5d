"""Drift of signals: indices made of products of different trials only.

`responses` takes the responses of both codes out of a recording, `products` has the estimators,
`indices` has the two indices with their curves, and `inference` their tests and intervals.
"""
