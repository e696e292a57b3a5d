"""Ground truth: results of measures on synthetic recordings whose drift is known."""
