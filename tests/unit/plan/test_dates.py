"""Files that are dated in the future, as a clock that was put back leaves them."""

import os
import shlex
import shutil
import time
from pathlib import Path

import pytest

from spikedrift.core.errors import InputError
from spikedrift.plan import dates

DAY = 86400


def dated(path: Path, seconds: float) -> Path:
    """Make a file that is dated so many seconds from now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (time.time() + seconds,) * 2)
    return path


@pytest.mark.fault("clock", "put back: results are dated in the future, in any order")
def test_files_of_the_future_are_dated_now_in_their_order(tmp_path: Path) -> None:
    results = tmp_path / "results"
    late, early, old = (
        dated(results / name, seconds)
        for name, seconds in (("a/late", DAY), ("b/early", DAY - 1), ("old", -DAY))
    )
    outside = dated(tmp_path / "outside", DAY)
    (results / "link").symlink_to(outside)
    before = {path: path.stat().st_mtime_ns for path in (old, outside)}
    assert dates.settle(results) == [early, late]
    assert before == {path: path.stat().st_mtime_ns for path in before}
    now = time.time_ns()
    assert old.stat().st_mtime < early.stat().st_mtime < late.stat().st_mtime <= now / 1e9
    assert now - early.stat().st_mtime_ns < 60e9
    assert dates.settle(results) == []
    assert dates.settle(tmp_path / "nothing") == []


@pytest.mark.fault("clock", "a file of the user's is dated in the future")
def test_a_users_file_of_the_future_is_refused(tmp_path: Path) -> None:
    fine = [dated(tmp_path / "old", -DAY), dated(tmp_path / "server", 20), tmp_path / "nothing"]
    dates.check(fine)
    ahead = dated(tmp_path / "a b.nwb", DAY)
    (tmp_path / "link").symlink_to(ahead)
    for path in (ahead, tmp_path / "link"):
        with pytest.raises(InputError, match="is dated in the future") as raised:
            dates.check([*fine, path])
        assert str(raised.value).startswith(f"{path}: ")
        assert f"touch {shlex.quote(str(path))}" in str(raised.value)


def test_stamps_are_of_files_that_are_no_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dated(tmp_path / "results/trials/a.nc", 0)
    own = dated(tmp_path / "a.nwb", -DAY)
    paths = ["a.nwb", "results/trials/a.nc", str(own), "nothing.nwb"]
    stamps = dates.stamps(lambda wildcards: wildcards)  # of the paths themselves
    before = stamps(paths)
    assert before == [(0, int(own.stat().st_mtime))] * 2 + [None]
    shutil.copy2(own, tmp_path / "b.nwb")
    assert stamps(["b.nwb"]) == before[:1]
    own.write_text("more")
    os.utime(own, (time.time() - DAY,) * 2)
    later = stamps(paths)
    dated(own, -2 * DAY)
    assert len({before[0], later[0], stamps(paths)[0]}) == 3
