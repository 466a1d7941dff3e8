# SPDX-License-Identifier: MIT
"""What a count of the lab is not: one sentence, which comes from kbench.units."""

import re
from pathlib import Path

import pytest
from support.docs import ROOT, name, pages

from kbench.units import LAB_NOTE, NOT_TIMES

REPORT = ROOT / "reports" / "rfc-idle"
TEXTS = [*pages(), REPORT / "mail.txt"]
SAYS = [text for text in TEXTS if "not modelled" in text.read_text()]


@pytest.mark.parametrize("text", SAYS, ids=name)
def test_the_wording_is_that_of_the_code(text: Path) -> None:
    assert NOT_TIMES in " ".join(text.read_text().split())


def test_templates_take_it_from_the_code() -> None:
    for template in REPORT.glob("*.j2"):
        assert "not modelled" not in template.read_text(), template.name


def test_nothing_else_in_the_code_words_it() -> None:
    sources = [*(ROOT / "kbench").rglob("*.py"), *(ROOT / "kbench").rglob("*.html")]
    found = [path.name for path in sources if re.search(r"caches, microcode", path.read_text())]
    assert found == ["units.py"]


def test_the_pages_that_say_it() -> None:
    assert NOT_TIMES in LAB_NOTE
    assert {"lab.md", "extension.md", "README.md", "mail.txt"} <= {text.name for text in SAYS}
