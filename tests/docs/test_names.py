# SPDX-License-Identifier: MIT
"""Names in the manual: metadata keys and a template's figures are those of the code."""

import re
from pathlib import Path

import pytest
from support.docs import ROOT, name, pages, spans

from kbench.report.lookup import Row

SOURCES = "\n".join(path.read_text() for path in (ROOT / "kbench").rglob("*.py"))
SOURCES += (ROOT / "kbench" / "metrics.toml").read_text()
MANUAL = [page for page in pages() if page.parent.name == "docs"]


@pytest.mark.parametrize("page", MANUAL, ids=name)
def test_metadata_keys_exist(page: Path) -> None:
    """The code may build a key from its parts: its last part is what it must hold."""
    keys = [span for span in spans(page) if re.fullmatch(r"kbench_[a-z\d_]+", span)]
    stems = [key.removeprefix("kbench_counter_").removeprefix("kbench_") for key in keys]
    assert [stem for stem in stems if stem not in SOURCES] == []


@pytest.mark.parametrize("page", MANUAL, ids=name)
def test_classes_exist(page: Path) -> None:
    """An error or another class that the manual names is one of the code."""
    classes = [span for span in spans(page) if re.fullmatch(r"(?:[A-Z][a-z]+){2,}", span)]
    assert [each for each in classes if f"class {each}" not in SOURCES] == []


def test_a_template_has_these_figures() -> None:
    text = (ROOT / "docs/report.md").read_text().partition("A text with figures")[2]
    figures = re.findall(r"`\.(\w+)`", text)
    assert len(figures) >= 8
    assert [figure for figure in figures if not hasattr(Row, figure)] == []
