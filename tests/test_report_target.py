"""`make report` makes the report where it is older than what it shows, by any clock."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parents[1]
SNAKEMAKE = """\
#!/bin/sh
case "$*" in
*--report\\ results/report.zip) echo report >>calls; touch results/report.zip ;;
*) echo run >>calls ;;
esac
"""


def dated(path: Path, seconds: float) -> None:
    """Date a file so many seconds from now."""
    os.utime(path, (time.time() + seconds,) * 2)


@pytest.mark.fault("clock", "put back: a report that is dated in the future is not kept")
def test_the_report_is_made_where_it_is_older_or_of_the_future(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("results/logs/a.log", "results/a.nc", "config/a.yaml", "workflow/a", "Snakefile"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
        dated(tmp_path / name, -100)
    for name, script in (("snakemake", SNAKEMAKE), ("python", "#!/bin/sh\n")):
        program = tmp_path / ".venv" / "bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(script)
        program.chmod(0o755)

    def made() -> bool:
        (tmp_path / "calls").write_text("")
        done = subprocess.run(["make", "report"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return (tmp_path / "calls").read_text().split() == ["run", "report"]

    report = tmp_path / "results/report.zip"
    assert made() and not made()
    dated(report, -50)
    assert not made()
    dated(tmp_path / "results/logs/a.log", -10)
    assert not made()
    dated(tmp_path / "results/a.nc", -10)
    assert made() and not made()
    dated(report, 86400)
    assert made() and not made()
