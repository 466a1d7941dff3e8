# SPDX-License-Identifier: MIT
"""Executed instructions as text: what objdump and addr2line say of code that is at hand."""

import shutil
import subprocess
from pathlib import Path

import pytest

from kbench.explain.elf import functions
from kbench.explain.listing import Instruction, Listing, disassembled, lines_of, sourced
from kbench.explain.symbols import Function

FUNCTION = Function("f", "kernel")
# push %rbx; (a byte that was not executed); call +0; jne -2; ret, far away
CODE = ((0x1000, "53", 1), (0x1002, "e800000000", 3), (0x1007, "75fe", 2), (0x9000, "c3", 1))


def listing() -> Listing:
    made = (Instruction(at, at - 0x1000, bytes.fromhex(code), n) for at, code, n in CODE)
    return Listing(FUNCTION, tuple(made))


@pytest.mark.skipif(shutil.which("objdump") is None, reason="objdump is not installed")
def test_gaps_keep_the_disassembler_in_step() -> None:
    found = disassembled(listing(), lambda address: f"at_{address:x}")
    texts = [each.text for each in found.instructions]
    assert texts == ["push %rbx", "call at_1007", "jne at_1007", "ret"]
    assert found.count == 7


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
def test_lines_of_source(tmp_path: Path) -> None:
    (tmp_path / "f.c").write_text("int f(int x)\n{\n\treturn x * 3;\n}\n")
    command = ["gcc", "-g", "-shared", "-o", "f.so", "f.c"]
    subprocess.run(command, cwd=tmp_path, check=True)
    data = (tmp_path / "f.so").read_bytes()
    start = next(each.value for each in functions(data) if each.name == "f")
    found = lines_of(Listing(FUNCTION, (Instruction(start, 0, b"\x90", 1),)), tmp_path / "f.so")
    assert found.instructions[0].source.endswith("f.c:2")
    assert lines_of(found, tmp_path / "none.so") == found
    assert sourced(found, "0.0.0-nosuch") == found
