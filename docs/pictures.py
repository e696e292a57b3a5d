"""Put pictures of runs into the pages, with 64 colors: half as large, and they look the same.

`.venv/bin/python docs/pictures.py demo results` after `make demo`, and `.venv/bin/python
docs/pictures.py tutorial results` after the commands of docs/tutorial.md.
"""

import sys
from pathlib import Path

from PIL import Image

PAGES = Path(__file__).parent
FINAL = (
    *("1_recordings", "2_plasticity_rules", "3_network", "4_model_drift"),
    *("5_comparison.hidden", "6_sweep_map.candidates"),
)
PICTURES = {
    "demo": {"images/drift.png": "figures/drift_curves.mouse-a.movie.all.png"}
    | {f"figures/{name}.png": f"figures/final/{name}.png" for name in FINAL},
    "tutorial": {
        "images/tutorial/recording.png": "figures/final/1_recordings.png",
        "images/tutorial/survey.png": "figures/survey.first.png",
        "images/tutorial/comparison.png": "figures/final/5_comparison.example.png",
    },
}
"""Run -> picture below docs/ -> what it is made from, below results/."""


def shrunk(source: Path) -> Image.Image:
    """Return a picture with 64 colors."""
    with Image.open(source) as picture:
        return picture.convert("RGB").quantize(64, dither=Image.Dither.NONE)


if __name__ == "__main__":
    for name, source in PICTURES[sys.argv[1]].items():
        (PAGES / name).parent.mkdir(parents=True, exist_ok=True)
        shrunk(Path(sys.argv[2]) / source).save(PAGES / name, optimize=True)
