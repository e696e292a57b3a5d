"""Files that pages name are there: a reader finds what is computed where they say."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "src" / "spikedrift"
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = ("docs/glossary.md", "docs/architecture.md", "docs/decisions.md", "CONTRIBUTING.md")
ROOMS = {path.name for path in LIBRARY.iterdir() if path.is_dir()} - {"__pycache__"}


def named(text: str) -> set[str]:
    """Paths in backticks that begin with a room of the library, `drift/gates.py` or `drift/`."""
    found = re.findall(r"`([a-z_]+/[a-z_0-9/.]*)`", text)
    return {path for path in found if path.partition("/")[0] in ROOMS}


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_names_are_there(page: str) -> None:
    # A folder of plug-ins of a user's own has sub-folders that are called as rooms are.
    paths = named((ROOT / page).read_text(encoding="utf-8")) - {"analyses/", "figures/", "sources/"}
    assert {path for path in paths if not (LIBRARY / path).exists()} == set()
    assert paths or page == "CONTRIBUTING.md"


@pytest.mark.parametrize("page", ["README.md", *(str(path.relative_to(ROOT)) for path in DOCS)])
def test_links_within_the_project_lead_somewhere(page: str) -> None:
    path = ROOT / page
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert {link for link in links if not (path.parent / link).exists()} == set()


def test_modules_that_pages_import_are_described() -> None:
    described = set(re.findall(r"^```\{api\} (\S+)$", (ROOT / "docs/api.md").read_text(), re.M))
    for module in described:
        path = ROOT / "src" / module.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").is_file(), module
    for page in DOCS:
        for package, names in re.findall(
            r"^from (spikedrift[\w.]*) import (.+)$", page.read_text(), re.M
        ):
            inner = {f"{package}.{name}" for name in re.split(r"[ ,()]+", names) if name}
            assert package in described or inner <= described, f"{page.name}: {package}"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_a_page_has_one_title(path: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    assert len(re.findall(r"^# ", prose, flags=re.M)) == 1
