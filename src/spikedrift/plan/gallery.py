"""docs/figures.md, written from the figures.

`python -m spikedrift.plan.gallery > docs/figures.md`
"""

import sys
from pathlib import Path
from types import SimpleNamespace

import yaml

from spikedrift.config.check import checked
from spikedrift.config.root import Config
from spikedrift.plan.plan import ROOT, Plan

HEAD = """\
# The final figures

Six figures, one file each in `src/spikedrift/figures/final/`. They are made by

```sh
make demo                                              # of the embedded default, with the report
.venv/bin/snakemake --cores -- figures                 # figures only
.venv/bin/snakemake --cores --configfile my.yaml -- figures
```

as `results/figures/final/{number}_{name}` in PDF, PNG and TSV (the numbers that are plotted).
Figure 5 is made for every comparison, figure 6 for every sweep that is compared. Colors are fixed
in `figures/style.py`: areas, codes (rate blue, timing vermilion), variants in the order of the
configuration, the control gray. They stay apart for color-blind readers.

A configuration that cannot carry a figure leaves it out, and says which and why: at the start of
the run, and in the supplement of the report (`results/supplement.html`). A panel that a recording
cannot carry says so in its place or in the figure's note. There is no index without a code, no test
where the order of trials is assumed, no control for behavior without running speed or pupil, and no
timing from two-photon events.

| key | what it chooses |
|---|---|
| `figures.recordings` | the one or two recordings of figure 1 |
| `figures.rules` | the protocols of figure 2; `snakemake validate` runs all |
| `figures.learning` | the sweep of figures 3 and 4, the first that is named |
| `comparisons` | what figures 5 and 6 compare |

**The pictures below are illustrations** from the embedded default, a simulated network as one
recording and a synthetic one, and no results. Each caption is that of the report; n, nulls and
assumptions of a run stand in the note that is part of each figure.

This page is written from the figures: `python -m spikedrift.plan.gallery > docs/figures.md`.

"""


def page() -> str:
    """The page for the embedded default: a picture and its caption for each figure."""
    raw = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    plan = Plan(checked(Config, raw), trials="", raw="")
    parts, seen = [], set()
    for figure in plan.final.figures:
        number = plan.final.numbers[figure.file]
        if number in seen:  # one comparison is enough
            continue
        seen.add(number)
        title = figure.labels["figure"].partition(": ")[2]
        picture = f"figures/{Path(figure.file).name}.png"
        caption = plan.figures.caption(SimpleNamespace(figure=figure.file))
        parts.append(
            f"## {number}. {title[0].upper()}{title[1:]}\n\n"
            f"![Figure {number}, an illustration]({picture})\n\n{caption}\n"
        )
    return HEAD + "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
