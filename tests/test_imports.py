# SPDX-License-Identifier: MIT
"""Imports go downwards only, and what measures imports nothing heavy."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "kbench"

# Each room may import from those below its own line, and from itself.
FLOORS = (
    {"cli"},
    {"api"},
    {"doctor"},
    {"session"},
    {"report"},
    {"answers"},
    {"present"},
    {"judge"},
    {"explain"},
    {"fleet"},
    {"lab"},
    {"targets"},
    {"kmod"},
    {"kernels"},
    {"worker"},
    {"record"},
    {"suite"},
    {"catalogue"},
    {"guests", "kvm"},
    {"_abi", "_native"},
    {"programs"},
    {"distribution", "files", "metrics", "units"},
    {"errors"},  # the ground: every room may stand on it
)
HEAVY = {"pyperf", "numpy", "scipy", "hdrh", "msgspec", "rich", "typer", "qemu"}
MEASURING = ("catalogue", "kvm", "guests", "worker", "errors", "_native", "record")
# pyperf's worker process imports pyperf itself.
EXCEPTED = {"kbench/worker/__main__.py"}
SOURCES = sorted(ROOT.rglob("*.py"))


def imported(source: Path, *, at_import: bool = False) -> Iterator[str]:
    """The modules that a file names; with `at_import`, without what it does not run then."""
    tree = ast.parse(source.read_text())
    inner = set()
    if at_import:
        for block in ast.walk(tree):
            typing = isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
            if typing or isinstance(block, ast.FunctionDef | ast.AsyncFunctionDef):
                inner |= set(map(id, ast.walk(block)))
    for node in ast.walk(tree):
        if id(node) in inner:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}: relative import"
            assert node.module
            yield node.module
            if node.module == "kbench":
                yield from (f"kbench.{alias.name}" for alias in node.names)


def room(module: str) -> str:
    """The part of kbench that a module belongs to; "" for the package itself and for others."""
    parts = module.split(".")
    return parts[1] if parts[0] == "kbench" and len(parts) > 1 else ""


def floor(name: str) -> int:
    return next(index for index, rooms in enumerate(FLOORS) if name in rooms)


def upward(source: Path, here: str) -> list[str]:
    """What a file of the room `here` imports from rooms that are not below it."""
    others = [name for name in imported(source) if room(name) not in ("", here)]
    return [
        name
        for name in others
        if not name.startswith("kbench.__") and floor(room(name)) <= floor(here)
    ]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_downwards_only(source: Path) -> None:
    here = room("kbench." + ".".join(source.relative_to(ROOT).with_suffix("").parts))
    if here not in ("__init__", ""):
        assert upward(source, here) == []


@pytest.mark.parametrize("name", MEASURING)
def test_what_measures_stays_light(name: str) -> None:
    for source in SOURCES:
        where = source.relative_to(ROOT.parent)
        if source.relative_to(ROOT).with_suffix("").parts[0] != name or str(where) in EXCEPTED:
            continue
        # A recording is encoded, and a suite written, when the loop has ended.
        named = imported(source, at_import=name == "record")
        heavy = {module.split(".")[0] for module in named} & HEAVY
        assert not heavy, f"{where} imports {heavy}"


def test_what_records_loads_nothing_heavy() -> None:
    """Nor do the modules that it imports."""
    modules = [f"kbench.record.{path.stem}" for path in (ROOT / "record").glob("[a-z]*.py")]
    code = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-Pc", code], capture_output=True, text=True)
    assert loaded.returncode == 0, loaded.stderr
    assert not {module.partition(".")[0] for module in loaded.stdout.split()} & HEAVY


def test_commands_import_lazily() -> None:
    """`kbench --help` imports every public module of cli: those take stdlib and typer alone."""
    for source in (ROOT / "cli").glob("[a-z]*.py"):
        named = {module.split(".")[0] for module in imported(source, at_import=True)}
        assert not named & (HEAVY - {"typer"}), source.name
        kbench = {module for module in imported(source, at_import=True) if room(module)}
        assert all(name.startswith("kbench.cli") for name in kbench), f"{source.name}: {kbench}"


def test_the_search_can_fail(tmp_path: Path) -> None:
    source = tmp_path / "vm.py"
    source.write_text("def f():\n    from kbench.cli import run\nimport kbench.errors\n")
    assert upward(source, "kvm") == ["kbench.cli"]
    assert list(imported(source, at_import=True)) == ["kbench.errors"]


def test_every_file_names_its_licence() -> None:
    top = ROOT.parent
    files = [
        path
        for folder in ("kbench", "ext", "guests", "tests")
        for path in (top / folder).rglob("*")
        if path.suffix in (".py", ".pyi", ".pyx", ".pxd", ".c", ".h", ".S", ".ld", ".cocci")
    ]
    assert len(files) > 100
    lacking = [
        str(path.relative_to(top))
        for path in files
        if path.stat().st_size
        and not re.search(r"SPDX-License-Identifier: \S", head(path))
        and path.suffix != ".pyi"
    ]
    assert lacking == []


def head(path: Path) -> str:
    return path.read_text()[:200]
