# SPDX-License-Identifier: MIT
"""What an instruction does to the flow of control, from its bytes (AMD APM volume 3)."""

from enum import IntEnum

PREFIXES = frozenset((0x2E, 0x3E, 0x66, 0x67, 0xF2, 0xF3))
STRING = frozenset(
    (0x6C, 0x6D, 0x6E, 0x6F, 0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC, 0xAD, 0xAE, 0xAF)
)


class Flow(IntEnum):
    """What the next instruction may be: the following one, or not."""

    NEXT = 0
    JUMP = 1
    CALL = 2
    RETURN = 3
    IRET = 4
    SYSCALL = 5
    SYSRET = 6
    VMRUN = 7
    REPEAT = 8  # a string instruction with REP: begins once a turn, and once more


def flow(code: bytes) -> Flow:
    """The kind of the instruction in `code`, which may have zeros behind it."""
    at, repeated = 0, False
    while code[at] in PREFIXES or 0x40 <= code[at] <= 0x4F:
        repeated = repeated or code[at] in (0xF2, 0xF3)
        at += 1
    first, second, third = code[at], code[at + 1], code[at + 2]
    extension = second >> 3 & 7
    match first:
        case 0xE8:
            return Flow.CALL
        case 0xC2 | 0xC3:
            return Flow.RETURN
        case 0xCF:
            return Flow.IRET
        case 0xE9 | 0xEB | 0xE0 | 0xE1 | 0xE2 | 0xE3:
            return Flow.JUMP
        case 0xFF if extension in (2, 4):
            return Flow.CALL if extension == 2 else Flow.JUMP
        case 0x0F:
            return _two_bytes(second, third)
    if 0x70 <= first <= 0x7F:
        return Flow.JUMP
    return Flow.REPEAT if repeated and first in STRING else Flow.NEXT


def _two_bytes(second: int, third: int) -> Flow:
    if (second, third) == (0x01, 0xD8):
        return Flow.VMRUN
    if 0x80 <= second <= 0x8F:
        return Flow.JUMP
    return {0x05: Flow.SYSCALL, 0x07: Flow.SYSRET}.get(second, Flow.NEXT)


UD2 = b"\x0f\x0b"


def opcode(code: bytes) -> bytes:
    """The opcode alone: no prefixes, registers, addresses or constants."""
    at = 0
    while code[at] in PREFIXES or 0x40 <= code[at] <= 0x4F:
        at += 1
    return code[at : at + 2] if code[at] == 0x0F else code[at : at + 1]
