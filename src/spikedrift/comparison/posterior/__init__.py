"""Posteriors over the parameters of families of models, and whether they can be believed."""
