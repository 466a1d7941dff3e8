# SPDX-License-Identifier: MIT
"""No sentence sets the figures of two rows side by side without asking whether they differ."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "kbench" / "answers" / "rfc").glob("*.py"))
ASKS = {"side_by_side", "apart", "superlative", "against", "by_verdict"}
"""Each refuses, or says that they are level, where nothing tells its rows apart."""
DIFFERENCES = {
    *("exits.mwait", "exits.scale", "exits._against_stock"),
    *("mpstate.truth", "idling.never_blocks"),
}
"""What is no comparison of samples: exact counts, of which the sentence says the difference or
that each is one count (COUNT); words and names, without a figure."""
ROWS = {"lab": 1, "those": 2, "matching": 2, "_blocking": 2, "_rows": 2}
"""Calls that give rows, and how many."""


def calls(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """The functions that are called below `tree`, and whether once for each of several."""
    repeated = (ast.ListComp, ast.GeneratorExp, ast.DictComp, ast.For)
    several = {
        id(below)
        for node in ast.walk(tree)
        if isinstance(node, repeated)
        for below in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            yield name, id(node) in several


def says(function: ast.FunctionDef) -> bool:
    return function.returns is None or ast.unparse(function.returns) in ("str", "list[str]")


def unasked(name: str, source: str) -> list[str]:
    """The functions of a module that have two rows and ask nothing."""
    found = []
    for function in ast.parse(source).body:
        if isinstance(function, ast.FunctionDef) and says(function):
            called = list(calls(function))
            rows = sum(ROWS.get(call, 0) * (2 if each else 1) for call, each in called)
            if rows > 1 and not ASKS & {call for call, _ in called}:
                found.append(f"{name}.{function.name}")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_figures_stand_side_by_side_unasked(path: Path) -> None:
    assert set(unasked(path.stem, path.read_text())) <= DIFFERENCES


def test_the_scan_finds_them() -> None:
    two = "def f(found):\n    return [str(lab(a).p50), str(lab(b).p50)]\n"
    assert unasked("m", two) == ["m.f"]
    many = "def f(found):\n    return [str(lab(name).p50) for name in names]\n"
    assert unasked("m", many) == ["m.f"]
    assert not unasked("m", two.replace("str(lab(a).p50)", "apart(lab(a), lab(b), ITEM)"))
    assert not unasked("m", "def f(found):\n    return [str(lab(a).p50)]\n")
