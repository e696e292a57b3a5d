"""Files of public data sets: where each is from, how it comes in, how it is known to be whole."""
