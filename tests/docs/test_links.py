# SPDX-License-Identifier: MIT
"""Links of the documentation lead somewhere, and the paths it names exist."""

import re
from pathlib import Path

import pytest
from support.docs import ROOT, name, pages, prose, spans

# Folders whose files the prose names by their path from the top of the checkout.
TOP = ("kbench/", "docs/", "ext/", "guests/", "tests/", "reports/")
MADE = "reports/local/"  # by make run and make reports


def anchors(page: Path) -> set[str]:
    """The fragments that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> list[str]:
    """The links of a page to files that are not there, or to headings that are not in them."""
    found = []
    for link in re.findall(r"\]\(<?([^)>\s]+)>?\)", prose(page)):
        place, _, fragment = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if "://" in link:
            continue
        if not target.exists() or (fragment and fragment not in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", pages(), ids=name)
def test_links(page: Path) -> None:
    assert broken(page) == []


@pytest.mark.parametrize("page", pages(), ids=name)
def test_paths(page: Path) -> None:
    """From the top of the checkout, or from the page's folder."""
    named = [each for each in spans(page) if re.fullmatch(r"[\w./-]+", each)]
    named = [
        each
        for each in named
        if each.startswith(TOP) and not each.startswith(MADE) and "NAME" not in each
    ]
    assert [p for p in named if not (ROOT / p).exists() and not (page.parent / p).exists()] == []


def test_the_search_can_fail(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One head\n[a](#one-head) [b](#two) [c](gone.md) [d](page.md) [e](https://x)\n"
    )
    assert broken(page) == ["#two", "gone.md"]
