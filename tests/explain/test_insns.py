# SPDX-License-Identifier: MIT
"""The kinds of instructions, from bytes that an assembler made of them."""

import pytest

from kbench.explain.insns import Flow, flow

KINDS = [
    ("90", Flow.NEXT, "nop"),
    ("4889c3", Flow.NEXT, "mov %rax,%rbx"),
    ("e800000000", Flow.CALL, "call"),
    ("ffd0", Flow.CALL, "call *%rax"),
    ("41ff5510", Flow.CALL, "call *0x10(%r13)"),
    ("2e41ffd3", Flow.CALL, "cs call *%r11"),
    ("ff3500000000", Flow.NEXT, "push 0(%rip)"),
    ("c3", Flow.RETURN, "ret"),
    ("f3c3", Flow.RETURN, "rep ret"),
    ("c20800", Flow.RETURN, "ret $8"),
    ("48cf", Flow.IRET, "iretq"),
    ("0f05", Flow.SYSCALL, "syscall"),
    ("480f07", Flow.SYSRET, "sysretq"),
    ("0f01d8", Flow.VMRUN, "vmrun"),
    ("0f01f9", Flow.NEXT, "rdtscp"),
    ("eb02", Flow.JUMP, "jmp"),
    ("ffe0", Flow.JUMP, "jmp *%rax"),
    ("7502", Flow.JUMP, "jne"),
    ("0f8400000000", Flow.JUMP, "je, near"),
    ("e2fe", Flow.JUMP, "loop"),
    ("f3a4", Flow.REPEAT, "rep movsb"),
    ("f348a5", Flow.REPEAT, "rep movsq"),
    ("a4", Flow.NEXT, "movsb"),
    ("f30f10c0", Flow.NEXT, "movss %xmm0,%xmm0"),
]


@pytest.mark.parametrize(("code", "kind", "text"), KINDS)
def test_flow(code: str, kind: Flow, text: str) -> None:
    assert flow(bytes.fromhex(code) + bytes(4)) == kind, text
