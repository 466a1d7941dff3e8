# SPDX-License-Identifier: MIT
"""The ROM: from the reset vector to the kernel's PVH entry, in some 40 instructions."""

import struct

from kbench.lab.vm.bochs.boot import ENTRY, START_INFO
from kbench.lab.vm.common import MEMORY_MB

SIZE = 0x10000
# Bochs maps the ROM's last 128 KiB below 1 MiB too: F000:0000 is its first byte.
SEGMENT = 0xF000
# Offsets of the parts: 16-bit code, 32-bit code, GDT and its descriptor, the reset vector.
REAL, PROTECTED, GDT, GDTR, RESET = 0xE000, 0xE040, 0xE100, 0xE120, 0xFFF0
CODE, DATA = 8, 16
FLAT_CODE, FLAT_DATA = 0x00CF9A000000FFFF, 0x00CF92000000FFFF
# MTRRs: one range, and the default type with the bit that enables them all.
RANGE_BASE, RANGE_MASK, DEFAULT_TYPE = 0x200, 0x201, 0x2FF
WRITE_BACK, UNCACHEABLE, MTRR_VALID, MTRR_ENABLE = 6, 0, 0x800, 0x800
PHYSICAL_HIGH = 0xFF  # address bits above the 32nd, of the 40 that the CPU has


def rom() -> bytes:
    """64 KiB that end at the top of the 32-bit address space."""
    out = bytearray(b"\xff" * SIZE)
    for offset, part in (
        (REAL, _real_mode()),
        (PROTECTED, _protected_mode()),
        (GDT, struct.pack("<3Q", 0, FLAT_CODE, FLAT_DATA)),
        (GDTR, struct.pack("<HI", 23, (SEGMENT << 4) + GDT)),
        (RESET, b"\xea" + struct.pack("<2H", REAL, SEGMENT)),  # jmp far F000:E000
    ):
        out[offset : offset + len(part)] = part
    return bytes(out)


def _real_mode() -> bytes:
    return b"".join(
        (
            b"\xfa",  # cli
            b"\x2e\x0f\x01\x16" + struct.pack("<H", GDTR),  # lgdt cs:[GDTR]
            b"\x0f\x20\xc0",  # mov eax, cr0
            b"\x0c\x01",  # or al, PE
            b"\x0f\x22\xc0",  # mov cr0, eax
            # jmp far CODE:PROTECTED, with a 32-bit offset
            b"\x66\xea" + struct.pack("<IH", (SEGMENT << 4) + PROTECTED, CODE),
        )
    )


def _protected_mode() -> bytes:
    """RAM is made write-back, as MONITOR arms on no other memory; all else stays uncacheable."""
    mask = -(MEMORY_MB << 20) & 0xFFFFF000 | MTRR_VALID
    return b"".join(
        (
            b"\x66\xb8" + struct.pack("<H", DATA),  # mov ax, DATA
            b"\x8e\xd8\x8e\xc0\x8e\xd0",  # mov ds, ax; mov es, ax; mov ss, ax
            _wrmsr(RANGE_BASE, WRITE_BACK, 0),
            _wrmsr(RANGE_MASK, mask, PHYSICAL_HIGH),
            _wrmsr(DEFAULT_TYPE, UNCACHEABLE | MTRR_ENABLE, 0),
            b"\xbb" + struct.pack("<I", START_INFO),  # mov ebx, START_INFO
            b"\xff\x25" + struct.pack("<I", ENTRY),  # jmp [ENTRY]
        )
    )


def _wrmsr(msr: int, low: int, high: int) -> bytes:
    words = zip((b"\xb9", b"\xb8", b"\xba"), (msr, low, high), strict=True)  # mov ecx, eax, edx
    return b"".join(code + struct.pack("<I", value) for code, value in words) + b"\x0f\x30"
