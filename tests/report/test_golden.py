# SPDX-License-Identifier: MIT
"""Stored reports: a change of any form is seen in review.

Renew them, after looking at each, with KBENCH_RENEW_GOLDEN=1 pytest tests/report/test_golden.py.
"""

import os
from pathlib import Path

import pytest
from support.reports import lab

from kbench.report.content import Content
from kbench.report.draw import inline, to_svgs
from kbench.report.model import build
from kbench.report.render.markdown import to_markdown
from kbench.report.render.text import to_text
from kbench.report.sections import content

GOLDEN = Path(__file__).with_name("golden")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Content:
    """Lab suites, whose figures are exact: the stock KVM, and one 46 instructions longer."""
    folder = tmp_path_factory.mktemp("golden")
    return content(build([lab(folder / "stock.json"), lab(folder / "ext.json", "all", 46)]))


def check(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("KBENCH_RENEW_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


def test_markdown(made: Content) -> None:
    check("lab.md", to_markdown(made, {"exits-lab-svm-tcg-6-1-exit": ["pictures/exits.svg"]}))


def test_text(made: Content) -> None:
    text = to_text(made)
    assert text.isascii() and max(map(len, text.splitlines())) <= 72
    check("lab.txt", text)


def test_picture(made: Content) -> None:
    """As the page has it: its colours are roles, its coordinates have one decimal."""
    pictures = [picture for section in made.sections for picture in section.pictures]
    (exits,) = [row for row in pictures if row.name == "exits-lab-svm-tcg-6-1-exit"]
    (svg,) = to_svgs([exits.views[0].chart])
    check("exits.svg", inline(svg, exits.title) + "\n")
