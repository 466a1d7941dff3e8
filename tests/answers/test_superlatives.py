# SPDX-License-Identifier: MIT
"""No superlative but where kbench.answers.level has separated it from each other one named."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUPERLATIVE = re.compile(
    r"(?<!at )\b(least|most|best|soonest|cheapest|quickest|fastest|slowest|fewest|wakes? first)\b"
)
TESTED = {"superlative"}
"""Functions whose arguments are said only of what is apart."""
TEMPLATES = sorted((ROOT / "reports" / "rfc-idle").glob("*.j2"))
MODULES = sorted(
    path for room in ("answers", "report") for path in (ROOT / "kbench" / room).rglob("*.py")
)


def said(source: str) -> Iterator[str]:
    """The texts of a module that somebody reads: no names, docstrings, arguments of TESTED."""
    tree = ast.parse(source)
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in TESTED:
            skipped.update(map(id, ast.walk(node)))
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in skipped else ""
        if isinstance(text, str) and " " in text:
            yield text


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_sentence_has_one_that_is_not_tested(path: Path) -> None:
    assert [text for text in said(path.read_text()) if SUPERLATIVE.search(text)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_one(path: Path) -> None:
    # Names of answers are no words.
    text = re.sub(r"answer\(\"[a-z-]+\"\)|\[[^\]]*\]", "", path.read_text())
    assert SUPERLATIVE.findall(text) == []


def test_the_scan_finds_one() -> None:
    assert list(filter(SUPERLATIVE.search, said('say("hlt costs least")')))
    assert not list(filter(SUPERLATIVE.search, said('superlative(rows, EVENT, "costs least", "")')))
    assert not SUPERLATIVE.search("64 us at most, at least 100 events, lowest priority")
