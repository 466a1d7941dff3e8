# SPDX-License-Identifier: MIT
"""Each compiled module can be the first import of a process, next to foreign ones of its name."""

import subprocess
import sys
from pathlib import Path

import pytest

import kbench._native
import kbench.lab.inside

COMPILED = {
    f"{package.__name__}.{path.name.partition('.')[0]}"
    for package in (kbench._native, kbench.lab.inside)
    for path in Path(str(package.__file__)).parent.glob("*.so")
}
MODULES = sorted(COMPILED)
USE = """
import sys
before = set(sys.modules)
import {module}
bare = sys.modules.keys() & {names} - before
assert not bare, bare
"""
FOREIGN = """
import importlib, sys
import {foreign}
from kbench._native.hdr import Histogram
for module in {modules}:
    importlib.import_module(module)
from kbench._native import floors
recorded = Histogram(1_000_000)
assert floors.clock(3, recorded) == (3, 0) and recorded.count == 3
assert all(sys.modules[name].foreign for name in {names})
"""


def run(program: str, path: Path) -> None:
    command = [sys.executable, "-P", "-c", program]
    environment = {"PYTHONPATH": str(path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr


def bare(modules: list[str]) -> set[str]:
    return {module.rpartition(".")[2] for module in modules}


@pytest.mark.parametrize("module", MODULES)
def test_alone(module: str, tmp_path: Path) -> None:
    """It imports what it needs, and enters sys.modules under its full name only."""
    run(USE.format(module=module, names=bare(MODULES)), tmp_path)


def test_foreign_modules_of_the_same_names(tmp_path: Path) -> None:
    """A `hdr` or `watchdog` of someone else's, on sys.path and imported, changes nothing."""
    assert {"hdr", "watchdog", "work", "_port"} <= bare(MODULES)
    for name in bare(MODULES):
        (tmp_path / f"{name}.py").write_text("foreign = True\n")
    names = sorted(bare(MODULES))
    run(FOREIGN.format(foreign=", ".join(names), modules=MODULES, names=names), tmp_path)
