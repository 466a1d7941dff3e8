# SPDX-License-Identifier: MIT
"""What RAM holds at power-on: the kernel, its initrd and the PVH start information.

No firmware and no boot loader run. The format of the start information is Xen's
(xen/include/public/arch-x86/hvm/start_info.h); Linux has the entry point in an ELF note.
"""

import struct
from collections.abc import Iterator

from kbench.kernels.vmlinux import PVH
from kbench.lab.vm.bochs import mptable
from kbench.lab.vm.common import KERNEL_OPTIONS, MEMORY_MB

# Physical addresses. The initrd is far above the kernel, which unpacks it to where it likes.
START_INFO, MODULES, MEMORY_MAP, COMMAND_LINE = 0x7000, 0x7100, 0x7200, 0x8000
# Where the ROM finds the address to jump to.
ENTRY = 0x6FF0
INITRD = 0x8000000
BASE_MEMORY = 0x9FC00  # up to here; the last KiB below 640 KiB holds the MP table
ABOVE_ROMS = 0x100000
START_MAGIC, START_VERSION = 0x336EC578, 1
LOAD, NOTE = 1, 4  # types of an ELF program header
RAM, RESERVED = 1, 2  # types of the memory map


def memory(vmlinux: bytes, initrd: bytes, cpus: int) -> dict[int, bytes]:
    """Physical address -> content, for a machine of `cpus` CPUs."""
    # RAM is zero at power-on, as what a segment has beyond its content must be.
    found = dict(_headers(vmlinux, LOAD))
    found[ENTRY] = _entry(vmlinux).to_bytes(4, "little")
    found[START_INFO] = struct.pack(
        "<4I4Q2I",
        *(START_MAGIC, START_VERSION, 0, 1),
        *(MODULES, COMMAND_LINE, 0, MEMORY_MAP),
        *(len(_map()), 0),
    )
    found[MODULES] = struct.pack("<4Q", INITRD, len(initrd), 0, 0)
    found[MEMORY_MAP] = b"".join(struct.pack("<2Q2I", *place, 0) for place in _map())
    found[COMMAND_LINE] = " ".join(KERNEL_OPTIONS).encode() + b"\0"
    found[INITRD] = initrd
    found[BASE_MEMORY] = mptable.table(BASE_MEMORY, cpus)
    return found


def _map() -> list[tuple[int, int, int]]:
    """(start, bytes, type) of each part of memory."""
    return [
        (0, BASE_MEMORY, RAM),
        (BASE_MEMORY, 1024, RESERVED),
        (ABOVE_ROMS, (MEMORY_MB << 20) - ABOVE_ROMS, RAM),
    ]


def _headers(vmlinux: bytes, kind: int) -> Iterator[tuple[int, bytes]]:
    """(physical address, content in the file) of the ELF program headers of a type."""
    (table,) = struct.unpack_from("<Q", vmlinux, 32)
    size, count = struct.unpack_from("<2H", vmlinux, 54)
    for start in range(table, table + size * count, size):
        found, _, offset, _, address, length = struct.unpack_from("<2I4Q", vmlinux, start)
        if found == kind:
            yield address, vmlinux[offset : offset + length]


def _entry(vmlinux: bytes) -> int:
    """The address in the note: its descriptor stands behind type and owner, its size before."""
    for _, notes in _headers(vmlinux, NOTE):
        if (at := notes.find(PVH)) >= 4:
            (size,) = struct.unpack_from("<I", notes, at - 4)
            return int.from_bytes(notes[at + 8 : at + 8 + size], "little")
    raise ValueError("no PVH note")
