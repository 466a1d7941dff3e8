# SPDX-License-Identifier: MIT
"""A gate in the lab names the function that a patch made longer, and by how much."""

import difflib
import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
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
CHANGED = "arch/x86/kvm/svm/svm.c"
FUNCTION = "svm_invoke_exit_handler"  # every exit passes it once, and it is not inlined
BUILD_SECONDS = 1800


def run(*words: object, cwd: Path, status: int = 0) -> str:
    """The output of `kbench WORDS...`, which must end with `status`."""
    done = subprocess.run(
        command(*words), cwd=cwd, capture_output=True, text=True, timeout=BUILD_SECONDS,
        env={**os.environ, "COLUMNS": "160"},
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of KVM that the patches change."""
    place = tmp_path_factory.mktemp("kvm")
    sources.copy(sources.pristine(find.find("6.1", print).tree(print), print), place)
    return (place / CHANGED).read_text()


def patch(before: str, nops: int) -> str:
    """A patch that puts NOPs where the function begins."""
    lines = before.splitlines(keepends=True)
    function = next(n for n, line in enumerate(lines) if line.startswith(f"int {FUNCTION}("))
    place = lines.index("{\n", function) + 1
    asm = f'\tasm volatile(".rept {nops}; nop; .endr");\n'
    changed = [*lines[:place], asm, *lines[place:]]
    return "".join(difflib.unified_diff(lines, changed, f"a/{CHANGED}", f"b/{CHANGED}"))


@pytest.mark.parametrize("nops", [1, 3, 50])
def test_the_gate_names_the_function_and_the_number(
    original: str, tmp_path: Path, nops: int
) -> None:
    (tmp_path / "my.patch").write_text(patch(original, nops))
    name = run("kvm", "build", "--patch", "my.patch", cwd=tmp_path).split()[0]
    words = ("--ab", "stock", name, "exit.hlt", "exit.pio_out", "--margin", "0.001%")
    shown = run("gate", *words, "-o", "gate.xml", cwd=tmp_path, status=1)
    assert f"exit.hlt +{nops}: {FUNCTION} +{nops}\n" in shown
    failures = ET.parse(tmp_path / "gate.xml").findall("testcase/failure")
    assert failures and {each.text for each in failures} == {f"+{nops}: {FUNCTION} +{nops}"}
    silent = run("gate", *words, "--no-explain", cwd=tmp_path, status=1)
    assert FUNCTION not in silent
