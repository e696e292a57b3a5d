"""docs/licenses.md lists what the lock installs, with the licenses that packages state."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def licenses(of_docs: Callable[[str], ModuleType]) -> ModuleType:
    return of_docs("licenses")


def test_the_page_is_that_of_the_environment(licenses: ModuleType) -> None:
    written = (ROOT / "docs/licenses.md").read_text(encoding="utf-8")
    command = ".venv/bin/python docs/licenses.py > docs/licenses.md"
    assert licenses.page() == written, f"stale: run {command}"
    assert "not stated" not in written


def test_packages_are_those_of_the_lock_on_linux(licenses: ModuleType) -> None:
    found = licenses.packages()
    assert licenses.direct() <= set(found)
    assert "colorama" not in found  # Windows alone
    assert len(found) == len(set(found)) > 100


@pytest.mark.parametrize(
    ("stated", "copyleft"),
    [
        ("CECILL-2.1", "yes"),
        ("GPL-3.0-only", "yes"),
        ("GNU Affero General Public License v3", "yes"),
        ("Public Domain, BSD License, GNU General Public License (GPL)", "yes, in part"),
        ("LGPL-2.1-or-later", "of its own files"),
        ("Mozilla Public License 2.0 (MPL 2.0)", "of its own files"),
        ("MPL-2.0 AND MIT", "of its own files, in part"),
        ("GNU Lesser General Public License v3 (LGPLv3)", "of its own files"),
        ("BSD-2-Clause AND Apache-2.0 WITH LLVM-exception", ""),
        ("MIT", ""),
    ],
)
def test_copyleft_is_told_by_the_name(licenses: ModuleType, stated: str, copyleft: str) -> None:
    assert licenses.copyleft(stated) == copyleft
