"""A small sorting in Phy's format, with its table of trials."""

import numpy as np
import pandas as pd

RATE = 30000.0
CLUSTERS = [2, 5, 7, 11]  # of which 5 is noise, and 11 is in spike_clusters alone
PARAMS = "dat_path = r'raw.bin'\nn_channels_dat = 4\nsample_rate = 30000.\nopen('ran.txt', 'w')\n"


def sorting(folder, seed=0):
    """Write the folder of a sorting of 60 s: samples and clusters of 4000 spikes."""
    rng = np.random.default_rng(seed)
    sample = np.sort(rng.integers(0, int(60 * RATE), 4000))
    cluster = rng.choice(CLUSTERS, 4000)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "spike_times.npy", sample.astype(np.uint64)[:, None])  # as Kilosort has it
    np.save(folder / "spike_clusters.npy", cluster.astype(np.int32))
    (folder / "params.py").write_text(PARAMS)
    # 3 was merged into another cluster: it has a label, and no spike.
    (folder / "cluster_group.tsv").write_text(
        "cluster_id\tgroup\n2\tgood\n3\tgood\n5\tnoise\n7\tgood\n"
    )
    (folder / "cluster_info.tsv").write_text(
        "cluster_id\tdepth\tgroup\tarea\n2\t100\tmua\tCA1\n5\t50\tnoise\tCA1\n7\t310.5\tgood\tV1\n"
    )
    return sample / RATE, cluster


def table(path, separator="\t"):
    """Write a table of trials: twelve of 2 s and of one direction each, in two blocks."""
    number = np.arange(12)
    start = 2.0 + 3.0 * number + 10 * (number >= 6)
    rows = pd.DataFrame({
        "start_time": start, "stop_time": start + 2, "direction": number % 3 * 45,
        "word": np.array(["a", "b", "c"])[number % 3],
    })  # fmt: skip
    rows.to_csv(path, sep=separator, index=False)
    return start
