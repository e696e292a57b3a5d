"""What is kept of a file's syntax is what reading it anew gives."""

import json
import os
import subprocess
import sys

import pytest

from spikedrift.core import syntax as module
from spikedrift.core.provenance import ROOT
from spikedrift.core.syntax import Made, syntax

READ = """
import sys
from pathlib import Path
from spikedrift.core.syntax import syntax
print(*(repr(tuple(syntax(Path(name)))) for name in sys.argv[1:]), sep="\\n")
"""


def read(home, *files) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", READ, *files],
        env={"PYTHONPATH": str(ROOT.parent), "XDG_CACHE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_comments_and_layout_do_not_count_and_all_else_does(tmp_path):
    texts = ("x = 1\n", "# one\nx = (\n    1\n)\n", "x = 2\n")
    files = [tmp_path / f"{number}.py" for number in range(3)]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    one, same, other = (syntax(file).digest for file in files)
    assert one == same != other


def test_imports_and_named_files(tmp_path):
    file = tmp_path / "a.py"
    file.write_text(
        "import a.b\nfrom c import d\n"
        'TABLE = Path(__file__).parents[3] / "resources" / "x.tsv"\n'
        "def f():\n    import e\n"
    )
    found = syntax(file)
    assert found.imported == ("a.b", "c", "c.d", "e")
    assert found.named == ((3, "resources/x.tsv"),)


def test_what_a_file_defines(tmp_path):
    file = tmp_path / "a.py"
    file.write_text(
        'ONE = Measure("a", draw, code="timing", options=Options(), **more)\n'
        "TWO: Measure = Measure(-1.5, needs=('a', 'b'))\n"
        "THREE = FOUR = 3\n"
        "def draw():\n    inside = Measure()\n"
        "class Options:\n    of_class = Measure()\n"
        "ONE.attribute = Measure()\n"
    )
    assert syntax(file).defined == {
        "ONE": Made(("'a'", None), (("code", "'timing'"), ("options", None))),
        "TWO": Made(("-1.5",), (("needs", "('a', 'b')"),)),
        "THREE": None,
        "FOUR": None,
        "draw": None,
        "Options": None,
    }


@pytest.mark.process
@pytest.mark.fault("digests", "what is kept of the sources is damaged, or cannot be kept", cases=3)
def test_what_is_kept_is_what_reading_gives(tmp_path):
    files = [ROOT / "trials.py", ROOT / "similarity" / "measures" / "spikeship.py"]
    first = read(tmp_path, *files)
    (kept,) = (tmp_path / "spikedrift").iterdir()
    assert len(json.loads(kept.read_text())) == 2
    assert read(tmp_path, *files) == first
    for damaged in ("", '{"a": 1}', "[1]"):
        kept.write_text(damaged)
        assert read(tmp_path, *files) == first
        assert len(json.loads(kept.read_text())) == 2
    assert read(os.devnull, *files) == first  # a place in which nothing can be kept


def test_it_is_used(tmp_path, monkeypatch):
    file = tmp_path / "a.py"
    file.write_text("x = 1\n")
    found = syntax(file)
    monkeypatch.setattr(module, "_read", None)
    assert syntax(file) is found
