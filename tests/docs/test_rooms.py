# SPDX-License-Identifier: MIT
"""A room's README is short and says what is there; an index is complete."""

import re
from math import ceil
from pathlib import Path

import pytest
from support.docs import ROOT, name, pages, spans

from kbench.catalogue.families import FAMILIES

# A table that a test holds to what it measures.
GENERATED = r"<!-- \w+: begin -->.*<!-- \w+: end -->"
COLUMNS = 125
ROOMS = [
    page
    for page in pages()
    if page.name == "README.md" and page.parent != ROOT and page.parent.name != "rfc-idle"
]


@pytest.mark.parametrize("page", ROOMS, ids=name)
def test_a_readme_is_short(page: Path) -> None:
    lines = re.sub(GENERATED, "", page.read_text(), flags=re.DOTALL).splitlines()
    assert len(lines) <= 60, "the manual is docs/"
    if not page.with_name("README.md.j2").exists():  # a sentence of a rendered page is a line
        prose = [line for line in lines if not line.startswith("|")]
        folded = sum(max(1, ceil(len(line) / COLUMNS)) for line in prose)
        assert folded + len(lines) - len(prose) <= 60, "long lines count as several"


@pytest.mark.parametrize("page", ROOMS, ids=name)
def test_files_of_the_room_exist(page: Path) -> None:
    """What a table names in its first columns as `file.py` or `room/` lies beside the README."""
    rows = re.findall(r"^\|(.*?)\|", page.read_text(), re.MULTILINE)
    named = re.findall(r"`([\w./]+(?:\.\w+|/))`", "\n".join(rows))
    assert [path for path in named if not (page.parent / path).exists()] == []


def test_the_package_names_its_rooms() -> None:
    rooms = {path.name for path in (ROOT / "kbench").iterdir() if (path / "__init__.py").exists()}
    named = {span.removesuffix("/") for span in spans(ROOT / "kbench/README.md")}
    assert rooms - named == set()


def test_the_manual_names_its_pages() -> None:
    linked = re.findall(r"\]\((\w+\.md)\)", (ROOT / "docs/README.md").read_text())
    assert sorted([*linked, "README.md"]) == sorted(p.name for p in (ROOT / "docs").glob("*.md"))


def test_the_manual_describes_every_family() -> None:
    rows = re.findall(r"^\| `([a-z]+)` \|", (ROOT / "docs/benchmarks.md").read_text(), re.MULTILINE)
    assert set(FAMILIES) <= set(rows)
