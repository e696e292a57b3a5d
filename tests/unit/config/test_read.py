"""Files of a configuration: what is no plain YAML or JSON is one line with file, line and fault."""

import itertools
import string
from pathlib import Path

import pytest

from spikedrift.config.check import checked
from spikedrift.config.read import merged, read
from spikedrift.config.root import Config
from spikedrift.core.errors import InputError

# Name -> (content, words of the line).
BAD: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "a key twice": (b"seed: 1\nfetch: {}\nseed: 2\n", ("line 3", "'seed' stands twice")),
    "a key twice, deeper": (b"drift:\n  index:\n    a: 1\n    a: 2\n", ("line 4", "'a'")),
    "a key twice in JSON": (b'{\n\t"seed": 1,\n\t"seed": 2\n}', ("line 3", "'seed'")),
    "a tab": (b"drift:\n\tindex: {}\n", ("line 2", "spaces")),
    "an open bracket": (b"analyses: [a, b\nseed: 3\n", ("line 2", "','")),
    "a colon in a value": (b"seed: 1\nname: a: b\n", ("line 2", "mapping values")),
    "an unknown alias": (b"seed: *one\n", ("line 1", "alias")),
    "a Python tag": (b"seed: !!python/object/apply:os.getcwd []\n", ("line 1", "python/object")),
    "a day that there is not": (b"a: 1\nb: 2026-13-45\n", ("line 2", "month")),
    "an integer of 5000 digits": (b"seed: 1" + b"0" * 5000, ("line 1", "4300 digits")),
    "3000 brackets": (b"seed: " + b"[" * 3000 + b"]" * 3000, ("line 1", "nested more than")),
    "300000 open brackets": (b"seed:\n" + b"[" * 300_000, ("line 2",)),
    "latin letters": ("seed: 1\n# \xe9\n".encode("latin-1"), ("line 2", "UTF-8")),
    "a null character": (b"a: \x00\n", ("control characters",)),
    "an empty file": (b"", ("empty",)),
    "a list": (b"- 1\n- 2\n", ("mapping",)),
    "a word": (b"seed\n", ("mapping",)),
    "two documents": (b"seed: 1\n---\nseed: 2\n", ("line 2", "another document")),
    "too large": (b"#" * 10_000_001, ("10 MB",)),
}


@pytest.mark.fault("config", "a file that is no plain YAML or JSON mapping")
@pytest.mark.parametrize("name", BAD)
def test_one_line_names_file_and_line(name: str, tmp_path: Path) -> None:
    content, words = BAD[name]
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        read(path)
    line = str(refused.value)
    assert line.startswith(str(path))
    assert all(word in line for word in words), line
    assert len(line) < len(str(path)) + 200


@pytest.mark.fault("config", "a file that cannot be read", cases=4)
def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for path, words in (
        (tmp_path, "is a directory"),
        (tmp_path / "none.yaml", "No such file"),
        (tmp_path / "loop", "Too many levels of symbolic links"),
        (tmp_path / ("x" * 300), "File name too long"),
    ):
        with pytest.raises(InputError, match=words):
            read(path)


DOUBLED = "a: &a [1, 1]\n" + "".join(
    f"{key}: &{key} [*{last}, *{last}]\n" for last, key in itertools.pairwise(string.ascii_letters)
)
# Name -> (content, words of the line).
REFUSED: dict[str, tuple[str, tuple[str, ...]]] = {
    "a list that holds itself": ("recordings: &a [*a]", ("recordings[0]", "holds itself")),
    "a mapping that holds itself": ("drift: &a {index: *a}", ("drift.index", "holds itself")),
    "aliases that double": (DOUBLED, ("200000 values",)),
    "seed is no": ("seed: no", ("seed", "unquoted yes, no, on, off", "false")),
    "seed is on": ("seed: on", ("seed", "unquoted yes, no, on, off", "true")),
    "a name is off": ("selections: [{name: off}]", ("selections[0].name", "string", "false")),
    "a boolean is 1": ("selections: [{name: a, common: 1}]", ("common", "true or false", "1")),
    "a boolean is a word": ("selections: [{name: a, common: 'no'}]", ("common", "true or false")),
    "a key is a number": (
        "selections: [{name: a, quality: {1: {}}}]",
        ("selections[0].quality", "the key 1", "quote"),
    ),
    "a key is a boolean": ("no: 1", ("the key False", "quote")),
    "not a number": ("drift: {index: {code_level: .nan}}", ("drift.index.code_level", "NaN")),
    "infinity in a free value": (
        "sweeps: [{variants: [{name: a, set: {a.b: .inf}}]}]",
        ("sweeps[0].variants[0].set.a.b", "infinite"),
    ),
    "an integer of 400 digits": (f"seed: 1{'0' * 400}", ("seed", "64 bits")),
    "bytes": ("seed: !!binary aGVsbG8=", ("seed", "bytes")),
    "a set": ("seed: !!set {a, b}", ("seed", "set")),
}


@pytest.mark.fault("config", "a value that no field could take")
@pytest.mark.parametrize("name", REFUSED)
def test_one_line_names_the_key(name: str, tmp_path: Path) -> None:
    content, words = REFUSED[name]
    (tmp_path / "mine.yaml").write_text(content)
    with pytest.raises(InputError) as refused:
        checked(Config, read(tmp_path / "mine.yaml"))
    assert all(word in str(refused.value) for word in words), refused.value


def test_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(
        b"\xef\xbb\xbfa: 1e-3\nb: 0.5\nc: 'no'\nd: 1e4x\ne: &e {f: 1}\ng: {<<: *e, f: 2}\n"
    )
    assert read(path) == {"a": 1e-3, "b": 0.5, "c": "no", "d": "1e4x", "e": {"f": 1}, "g": {"f": 2}}
    path.write_text('{\n\t"a": [1, true, null]\n}')
    assert read(path) == {"a": [1, True, None]}


def test_the_latter_wins_key_by_key() -> None:
    below = {"a": {"b": 1, "c": [1, 2]}, "d": 1}
    assert merged(below, {"a": {"c": [3]}, "e": 2}) == {"a": {"b": 1, "c": [3]}, "d": 1, "e": 2}
    assert below == {"a": {"b": 1, "c": [1, 2]}, "d": 1}


def test_numbers_may_come_as_text() -> None:
    """`--config` and tables hand over nothing else."""
    raw = {"seed": "7", "sweeps": [{"variants": [{"name": "a", "control": "true"}]}]}
    config = checked(Config, raw)
    assert config.seed == 7
    assert config.sweeps[0].variants[0].control is True


# Sizes of a sweep -> words of the line.
@pytest.mark.fault("config", "a sweep of more runs than can be planned")
@pytest.mark.parametrize(
    ("sweep", "words"),
    [
        (
            {"instances": 10**7, "survey": None},
            "10000000 runs, each a recording, are more than 2000",
        ),
        ({"instances": 10**7, "survey": {}}, "10000000 runs are more than 100000"),
        ({"axes": [{"name": "r", "keys": ["patterns.rate"], "low": 1, "high": 2, "n": 10**9}]},
         "1000000000 points are more than 10000"),
        ({"axes": [{"name": "r", "keys": ["patterns.rate"], "low": 1, "high": 2}],
          "sampling": "latin_hypercube", "samples": 10**9}, "1000000000 points"),
        ({"axes": [{"name": n, "keys": [f"patterns.{n}"], "low": 1, "high": 2, "n": 200}
                   for n in ("rate", "noise_rate", "background_rate")]}, "8000000 points"),
    ],
)  # fmt: skip
def test_runs_are_counted_before_they_are_listed(sweep: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        checked(Config, {"sweeps": [{"variants": [{"name": "one"}], **sweep}]})
