"""Environment of BayesFlow: neural networks on JAX, which nothing but posteriors need.

BayesFlow, Keras and JAX are two thirds of a gigabyte, and bring versions of numpy and pandas of
their own (`spikedrift.core.separate`).
"""

from spikedrift.core.separate import Separate

BAYESFLOW = Separate("bayesflow", "BayesFlow", "3.12")
