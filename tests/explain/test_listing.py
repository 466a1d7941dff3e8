# SPDX-License-Identifier: MIT
"""Executed instructions as text: what objdump says of code that is at hand."""

import shutil

import pytest

from kbench.explain.listing import Instruction, Listing, disassembled
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
    # The one jump back is a loop, of the head that was executed.
    assert [each.loop for each in found.instructions] == [-1, -1, 7, -1]
