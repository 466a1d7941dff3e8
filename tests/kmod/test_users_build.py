# SPDX-License-Identifier: MIT
"""A user's own change of KVM, as a patch and as a tree: built, measured, and seen in the count."""

import difflib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from support.cli import command

from kbench.kernels import find
from kbench.kmod import sources

pytestmark = [
    pytest.mark.lab,
    pytest.mark.test_kvm,
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]
CHANGED = "arch/x86/kvm/x86.c"
FUNCTION = "int kvm_fast_pio("
BUILD_SECONDS = 1800


def run(*words: object) -> str:
    """`kbench WORDS...`, which must work."""
    done = subprocess.run(command(*words), capture_output=True, text=True, timeout=BUILD_SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout


def one_instruction_more(text: str) -> str:
    """The same file with a NOP where the exits of `in` and `out` begin."""
    lines = text.splitlines(keepends=True)
    function = next(number for number, line in enumerate(lines) if line.startswith(FUNCTION))
    place = lines.index("\n", function)
    return "".join([*lines[:place], "\n", '\tasm volatile("nop");\n', *lines[place + 1 :]])


def p50(variant: str, into: Path) -> float:
    out = into / f"{variant}.json"
    run("run", "exit.pio_out", "--target", "lab", "--kvm", variant, "-o", out)
    (benchmark,) = json.loads(run("show", out, "--format", "json"))["benchmarks"]
    return float(benchmark["percentiles"]["50"])


def test_patch_and_tree(tmp_path: Path) -> None:
    tree = find.find("6.1", print).tree(print)
    source = tmp_path / "linux"
    sources.copy(sources.pristine(tree, print), source)
    before = (source / CHANGED).read_text()
    after = one_instruction_more(before)
    (source / CHANGED).write_text(after)
    patch = tmp_path / "nop.diff"
    lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    patch.write_text("".join(difflib.unified_diff(*lines, f"a/{CHANGED}", f"b/{CHANGED}")))
    stock = p50("stock", tmp_path)
    for words in (("--patch", patch), ("--source", source)):
        name = run("kvm", "build", *words).split()[0]
        assert p50(name, tmp_path) == stock + 1, name
