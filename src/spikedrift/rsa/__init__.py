"""Representational similarity: dissimilarity matrices, comparators, noise ceilings."""
