"""results/report.zip opens in a browser, offline, and every figure can be looked at in it."""

import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

pytestmark = pytest.mark.browser

CATEGORIES = [
    "0 Start here",
    "1 Data",
    "2 Rules",
    "3 Networks",
    "4 Drift",
    "5 Comparison",
    "6 Provenance",
]
TABLES = {
    "results/recordings",
    "results/drift/indices",
    "results/predictions",
    "results/supplement",
    "results/findings",
}
SHOWN = "#app img[src^='data/'], #app iframe[src^='data/']"
OTHER = """([places, before]) => {
    const shown = document.querySelector(places)
    return shown && shown.getAttribute("src") !== before
}"""
# Where a picture begins when its column is scrolled to its top.
TOP = """image => {
    const column = image.closest(".overflow-auto")
    column.scrollTop = 0
    return image.getBoundingClientRect().top
}"""
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        yield browser.new_page(viewport={"width": 1400, "height": 900})
        browser.close()


def shown_results(page: Page) -> Iterator[str]:
    """Open every result of the menu as a reader would; yield the address of each that loaded."""
    categories = page.evaluate("categories")
    for category, subcategories in categories.items():
        for subcategory in subcategories:
            # A lone category goes by the name of them all.
            entry = category if len(categories) > 1 else "Results"
            page.get_by_text(entry, exact=True).first.click()
            if len(subcategories) > 1:
                page.get_by_text(subcategory, exact=True).first.click()
            eyes = page.locator("[iconname=eye]")
            for row in range(eyes.count()):
                shown = page.locator(SHOWN)
                before = shown.get_attribute("src") if shown.count() else None
                eyes.nth(row).click()
                page.wait_for_function(OTHER, arg=[SHOWN, before])
                address = shown.get_attribute("src") or ""
                if address.endswith(".html"):
                    rows = page.frame_locator("#app iframe").locator("tbody tr, article li")
                    rows.first.wait_for(state="attached")  # a page takes a moment to load
                    yield address
                elif shown.evaluate("image => image.decode().then(() => image.naturalWidth)") > 1:
                    assert shown.evaluate(TOP) >= 0, f"the top of {address} cannot be reached"
                    yield address
            page.get_by_text("Results", exact=True).first.click()


def test_report_shows_every_figure(demo: Path, page: Page, tmp_path: Path) -> None:
    with zipfile.ZipFile(demo / "results" / "report.zip") as archive:
        archive.extractall(tmp_path)
    requested: list[str] = []
    broken: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on("requestfailed", lambda request: broken.append(request.url))
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.goto((tmp_path / "report" / "report.html").as_uri())

    opening = page.locator("#app article.findings")
    assert opening.locator("h2").first.is_visible()
    assert opening.locator("h2").first.bounding_box()["y"] < 200
    assert "The truth is known: A→E STDP" in opening.inner_text()
    assert opening.locator("img").first.evaluate("image => image.naturalWidth") > 1000
    menu = page.locator("#app li", has_text=re.compile(r"^\d [A-Z]")).all_inner_texts()
    assert menu == CATEGORIES

    path_of = {result["data_uri"]: path for path, result in page.evaluate("results").items()}
    shown = {str(Path(path_of[address]).with_suffix("")) for address in shown_results(page)}
    page.screenshot(path=tmp_path / "report.png")

    assert sorted(page.evaluate("categories")) == CATEGORIES
    figures = {
        str(figure.relative_to(demo).with_suffix(""))
        for suffix in ("pdf", "png", "svg")
        for figure in (demo / "results" / "figures").rglob(f"*.{suffix}")
    }
    final = {Path(figure).name for figure in figures if Path(figure).parent.name == "final"}
    assert {name[0] for name in final} == set("123456")
    assert shown == figures | TABLES
    assert broken == []
    assert {address.partition(":")[0] for address in requested} <= {"file", "data"}
