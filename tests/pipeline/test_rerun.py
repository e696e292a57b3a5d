"""What a second call makes: nothing, or what an edit touches and nothing else."""

import re
from pathlib import Path

from running import small


def planned(directory: Path) -> list[str]:
    """Outputs that a dry run would make."""
    done = small(directory, "--dry-run")
    assert done.returncode == 0, done.stdout
    return [
        name.strip()
        for line in re.findall(r"^    output: (.*)$", done.stdout, flags=re.MULTILINE)
        for name in line.split(",")
    ]


class Edited:
    """A file of the clone, changed inside a `with` and put back after it."""

    def __init__(self, path: Path, addition: str) -> None:
        self.path, self.addition = path, addition

    def __enter__(self) -> None:
        self.before = self.path.read_text()
        self.path.write_text(self.before + self.addition)

    def __exit__(self, *_: object) -> None:
        self.path.write_text(self.before)


def test_second_call_does_nothing(finished):
    done = small(finished)
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout
    assert planned(finished) == []


def test_edited_measure_reruns_what_depends_on_it_and_nothing_else(finished):
    measure = finished / "src/spikedrift/similarity/measures/rate_correlation.py"
    with Edited(measure, "\nADDED = 1\n"):
        made = planned(finished)
    assert made
    assert {Path(name).stem for name in made} == {"rate_correlation"}
    recordings = {Path(name).parts[2] for name in made}
    assert "mouse-s.movie" in recordings
    assert {Path(name).parts[1] for name in made} == {"similarity", "drift"}


def test_edited_plasticity_rule_reruns_simulations_and_leaves_recordings_alone(finished):
    with Edited(finished / "src/spikedrift/plasticity/rules/pair_stdp.py", "\nADDED = 1\n"):
        made = planned(finished)
    assert any(name.startswith("results/trials/tiny-") for name in made)
    assert not any("mouse-s" in name for name in made)


def test_edited_comment_reruns_nothing(finished):
    with Edited(finished / "src/spikedrift/trials.py", "\n# a remark\n"):
        assert planned(finished) == []


def test_changed_option_reruns_what_uses_it(finished):
    done = small(finished, "--dry-run", "--config", "figures={dpi: 80}")
    rules = set(re.findall(r"^(?:local)?rule (\w+):$", done.stdout, flags=re.MULTILINE))
    assert rules and all(
        name.startswith("figure_") or name in ("all", "provenance", "supplement") for name in rules
    )
