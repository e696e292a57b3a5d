"""Five animals against a sweep through the workflow: their similarity matrices together."""

import pandas as pd
import preloaded
import xarray as xr
import yaml
from forks import snakemake
from running import SMALL


def test_matrices_of_five_animals_are_taken_together(clone):
    config = yaml.safe_load(SMALL.read_text(encoding="utf-8"))
    names = [f"mouse-{letter}.movie" for letter in "stuvw"]
    (mouse,), (sweep,) = config["recordings"], config["sweeps"]
    mouse["options"]["repeats"] = 6
    for phase in sweep["options"]["phases"]:
        phase |= {"repeats": 6} if phase["kind"] == "block" else {}
    config["recordings"] = [{**mouse, "name": name} for name in names]
    config["comparisons"] = [{"name": "mice", "recordings": names, "sweep": "tiny"}]
    structure = {
        "comparators": ["rho_a", "whitened_cosine"],
        "shifts": 19,
        "halves": 2,
    }
    config["compare"] |= {"bootstrap": 100, "structure": structure}
    (clone / "five.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    target = "results/figures/structure_animals.mice.png"
    with preloaded.jobs():
        done = snakemake(clone, "--cores", "2", "--configfile", "five.yaml", "--", target)
    assert done.returncode == 0, done.stdout[-5000:]
    with xr.open_dataset(clone / "results/structure/mice.animals.nc") as found:
        assert "refused" not in found.attrs, found.attrs["refused"]
        assert found["comparator"].values.tolist() == ["rho_a"]
        assert found.attrs["n_animals"] == 5 and found.attrs["n_windows"] == 6
        assert found["score"].sel(view="full").notnull().all()
    table = pd.read_csv(clone / target.replace("png", "tsv"), sep="\t")
    animals = table[(table["series"] == "instance") & (table["view"] == "full")]
    assert (animals.groupby(["code", "point"]).size() == 5).all()
