"""Write docs/licenses.md: what the library depends on, and under which terms it is used.

`.venv/bin/python docs/licenses.py > docs/licenses.md`, after the locks were resolved anew. Packages
are those of envs/core.lock.txt on Linux, their licenses what they say of themselves.
"""

import re
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKED = re.compile(r"^([a-z0-9-]+)==[^ ;\\]+(?: ; ([^\\]+?))?(?: \\)?$", flags=re.MULTILINE)
LINUX = {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"}
LONGEST = 60  # characters of a name of a license; some give its text
# A phrase of the text -> the license, where a package names none.
TEXTS = {
    "Permission is hereby granted, free of charge": "MIT",
    "Redistribution and use in source and binary forms": "BSD",
}
COPYLEFT = {
    "yes": re.compile(r"\b(A?GPL|GNU (Affero )?General Public|CeCILL-2)", flags=re.IGNORECASE),
    "of its own files": re.compile(r"\b(MPL|Mozilla|LGPL|Lesser)", flags=re.IGNORECASE),
}
HEAD = """\
# Licenses

spikedrift is under the MIT license (`LICENSE`), which asks for no more than that its
notice is kept. What it depends on has terms of its own, which packages state themselves; versions
stand in `envs/core.lock.txt`. "Asked for" are those that `pyproject.toml` names, the others come
with them.

**Copyleft.** Brian2 (CeCILL 2.1, which is compatible with the GPL) and Brian2CUDA (GPL 3) ask that
what is passed on together with them is passed on under their terms. As we read them, that concerns
a container image, an archive of the environment, and a program that a network was compiled to,
which holds templates of Brian2, and neither the sources of spikedrift alone nor results and
figures. "Of its own files" means that changed files of the package itself have to be passed on
under its license.

**Apart from this** stand the AllenSDK (2-clause BSD, and no redistribution for commercial purposes
without the Allen Institute's permission) and BayesFlow (MIT), which are installed where they are
asked for. Data have terms as well: `results/recordings.html` lists those of a run's recordings.

The page is written from the environment, `.venv/bin/python docs/licenses.py > docs/licenses.md`,
and a test compares it with the lock.

| package | license | asked for | copyleft |
|---|---|---|---|
"""


def packages() -> list[str]:
    """Names of what the lock installs on Linux."""
    lock = (ROOT / "envs" / "core.lock.txt").read_text(encoding="utf-8")
    found = LOCKED.findall(lock)
    return [name for name, marker in found if not marker or Marker(marker).evaluate(LINUX)]


def direct() -> set[str]:
    """Names that the project asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {canonicalize_name(Requirement(entry).name) for entry in project["dependencies"]}


def license_of(package: str) -> str:
    """License as an installed package states it; `not stated` where it does not."""
    found = metadata.metadata(package)
    if expression := found.get("License-Expression"):
        return expression
    classifiers = found.get_all("Classifier") or []
    named = [one.rpartition("::")[2].strip() for one in classifiers if one.startswith("License ::")]
    stated = (found.get("License") or "").strip()
    if stated and len(stated) <= LONGEST and stated != "Dual License":
        return stated
    return ", ".join(named) or _by_its_text(package)


def _by_its_text(package: str) -> str:
    files = metadata.files(package) or []
    for file in files:
        if re.search(r"licen[cs]e|copying", file.name, flags=re.IGNORECASE):
            text = " ".join(Path(str(file.locate())).read_text(encoding="utf-8").split())
            for phrase, name in TEXTS.items():
                if phrase in text:
                    return name
    return "not stated"


def copyleft(stated: str) -> str:
    """Whether a license asks for its own terms where the package is passed on."""
    parts = re.split(r" AND |, | OR ", stated)
    for which, words in COPYLEFT.items():
        found = [part for part in parts if words.search(part)]
        if found:
            return which if len(found) == len(parts) else f"{which}, in part"
    return ""


def page() -> str:
    """The page."""
    asked = direct()
    rows = [(name, license_of(name)) for name in packages()]
    lines = (
        f"| {name} | {stated} | {'yes' if name in asked else ''} | {copyleft(stated)} |\n"
        for name, stated in rows
    )
    return HEAD + "".join(lines)


if __name__ == "__main__":
    print(page(), end="")
