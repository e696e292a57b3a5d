"""Files of public data sets: where each is from, how it is fetched, how it is verified."""
