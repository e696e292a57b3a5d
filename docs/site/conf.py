"""How Sphinx makes the site: `make site`.

The pages are the Markdown files of the project where they lie: the root of the project is Sphinx's
source directory. `docs/index.md` is the first page, and its lists of links are the navigation.
Nothing is fetched: neither for the build nor by a browser that shows the pages.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "spikedrift"
copyright = "the spikedrift authors"
extensions = ["myst_parser", "cells", "contents", "links", "modules"]
root_doc = "docs/index"
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "config/README.md",
    "docs/**.md",
    "resources/plasticity/README.md",
]
# Folders without pages are not walked through: environments and results hold very many files.
exclude_patterns = [
    ".*",
    "benchmarks",
    "envs",
    "profiles",
    "results",
    "site",
    "src",
    "tests",
    "workflow",
]
smartquotes = False  # what is quoted is often code
myst_heading_anchors = 4  # as code hosts make them
python_use_unqualified_type_names = True
html_theme = "furo"
html_title = "spikedrift"
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["site.css"]
templates_path = ["templates"]
html_additional_pages = {"index": "first.html"}
pygments_style = "friendly"
