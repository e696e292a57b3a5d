"""The site: the project's pages are built without a warning, and what is wrong with one is told."""

import re
import subprocess
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest
from running import ROOT

pytestmark = pytest.mark.site
SPHINX = ROOT / ".env-stamps" / "site" / "bin" / "sphinx-build"


def build(source: Path, out: Path, builder: str = "html") -> subprocess.CompletedProcess[str]:
    """What `make site` calls."""
    strict = ("--quiet", "-W", "--keep-going", "-b", builder, "-c", ROOT / "docs" / "site")
    return subprocess.run([SPHINX, *strict, source, out], capture_output=True, text=True)


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_the_pages_of_the_project_have_no_warning(tmp_path: Path) -> None:
    # Everything but the writing of HTML, which takes half of the time.
    done = build(ROOT, tmp_path / "out", "dummy")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built site of three pages."""
    files = {
        "docs/index.md": "# First\n\n## Reference\n\n- [Another page](page.md): all\n"
        "- [Notebook](notebooks/one.md)\n",
        "docs/page.md": "# A page\n\n## A part\n\n[below](#a-part), [a file](../src/code.py), "
        "[a folder](../src), [outside](https://example.org/a)\n\n"
        "```{api} spikedrift.trials\n```\n",
        "docs/notebooks/one.md": "# One\n\n```{code-cell} ipython3\nx = 'cell'\n```\n",
        "src/code.py": "answer = 42\n",
        "src/spikedrift/trials.py": "",
        "src/deeper/data.bin": "",
        "results/README.md": "no page",
    }
    folder = write(tmp_path_factory.mktemp("small"), files)
    (folder / "src/deeper/data.bin").write_bytes(b"\xff\xfe\xff")
    done = build(folder, folder / "site")
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "site"


class Addresses(HTMLParser):
    """Addresses that a page loads from, and those that it leads to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.linked: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.loaded += [given["src"]] if given.get("src") else []
        self.loaded += [given["href"]] if tag == "link" and given.get("href") else []
        self.linked += [given["href"]] if tag == "a" and given.get("href") else []


def test_pages_load_nothing_from_elsewhere_and_their_links_lead_somewhere(small: Path) -> None:
    pages = list(small.rglob("*.html"))
    assert len(pages) > 5
    for page in pages:
        found = Addresses(page)
        assert not [one for one in found.loaded if re.match(r"(https?:)?//", one)]
        for address in [*found.loaded, *found.linked]:
            name, _, anchor = address.partition("#")
            target = (page.parent / name.partition("?")[0]) if name else page
            if not re.match(r"https?:|mailto:|data:", address):
                assert target.exists(), (page, address)
            if anchor and name == "":
                assert anchor == "" or f'id="{anchor}"' in page.read_text(), (page, address)


def test_files_and_folders_that_are_linked_have_pages(small: Path) -> None:
    linked = Addresses(small / "docs/page.html").linked
    assert {"../source/src/code.py.html", "../source/src.html"} <= set(linked)
    assert "answer" in (small / "source/src/code.py.html").read_text()
    assert {"src/code.py.html", "src/deeper.html"} <= set(
        Addresses(small / "source/src.html").linked
    )
    assert "holds no text" in (small / "source/src/deeper/data.bin.html").read_text()


def test_lists_of_the_first_page_are_the_navigation(small: Path) -> None:
    text = (small / "docs/page.html").read_text()
    assert '<span class="caption-text">Reference</span>' in text
    assert {"notebooks/one.html"} <= set(Addresses(small / "docs/page.html").linked)
    assert "url=docs/index.html" in (small / "index.html").read_text()
    assert not (small / "results").exists()


def test_a_module_is_described_from_its_docstrings(small: Path) -> None:
    text = re.sub(r"<[^>]+>", "", (small / "docs/page.html").read_text())
    assert "spikedrift.trials.ragged(trial:npt.ArrayLike" in "".join(text.split())
    assert "Time from the start of the trial." in text
    assert "spikedrift.trials.check(" in text  # defined in core/contract.py, offered here
    assert "_owner" not in text


def test_a_cell_of_a_notebook_is_shown_as_code(small: Path) -> None:
    assert "highlight-python" in (small / "docs/notebooks/one.html").read_text()


def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    wrong = {
        "[a page](missing.md)": "missing.md",
        "[a file](../src/missing.py)": "../src/missing.py",
        "[a folder](../missing/)": "../missing/",
        "[an anchor](page.md#elsewhere)": "elsewhere",
        "[here](#nowhere)": "nowhere",
        "![a picture](missing.png)": "missing.png",
        "[outside](https://example)": "https://example",
        "[outside](ftp://example.org)": "ftp://example.org",
        "```{api} spikedrift.missing\n```": "spikedrift.missing",
    }
    files = {
        "docs/index.md": "# First\n\n## Reference\n\n- [A page](page.md)\n",
        "docs/page.md": "# A page\n\n" + "\n\n".join(wrong) + "\n",
        "docs/lost.md": "# In no list\n",
    }
    done = build(write(tmp_path, files), tmp_path / "site", "dummy")
    assert done.returncode == 1
    warnings = [line for line in done.stderr.splitlines() if "WARNING" in line or "ERROR" in line]
    for name in wrong.values():
        assert sum(name in line for line in warnings) == 1, (name, done.stderr)
    assert sum("docs/lost.md" in line for line in warnings) == 1
    assert len(warnings) == len(wrong) + 1, done.stderr
