# SPDX-License-Identifier: MIT
"""What RAM and ROM hold at power-on."""

import struct
from itertools import pairwise

from kbench.kernels.vmlinux import PVH
from kbench.lab.vm.bochs import boot, mptable, options
from kbench.lab.vm.bochs.rom import PROTECTED, RESET, SIZE, rom

CODE, ENTRY = b"\x90" * 100, 0x1000150


def vmlinux() -> bytes:
    """An ELF file of one segment and one note, with the PVH entry behind another note."""
    other = struct.pack("<3I", 4, 4, 7) + b"GNU\0" + b"\0" * 4
    notes = other + struct.pack("<2I", 4, 8) + PVH + struct.pack("<Q", ENTRY)
    start = 64 + 2 * 56
    table = struct.pack("<2I6Q", 1, 5, start, 0, 0x1000000, len(CODE), 4096, 4096)
    table += struct.pack("<2I6Q", 4, 4, start + len(CODE), 0, 0, len(notes), len(notes), 4)
    header = bytearray(64)
    struct.pack_into("<Q", header, 32, 64)
    struct.pack_into("<2H", header, 54, 56, 2)
    return bytes(header) + table + CODE + notes


def test_kernel_is_where_its_headers_say() -> None:
    found = boot.memory(vmlinux(), b"initrd", 1)
    assert found[0x1000000] == CODE
    assert found[boot.INITRD] == b"initrd"
    assert int.from_bytes(found[boot.ENTRY], "little") == ENTRY


def test_start_information_leads_to_the_rest() -> None:
    found = boot.memory(vmlinux(), b"initrd", 1)
    magic, version, _, modules, *places = struct.unpack("<4I4Q2I", found[boot.START_INFO])
    assert (magic, version, modules) == (0x336EC578, 1, 1)
    module_list, command_line, _, memory_map, entries, _ = places
    assert struct.unpack("<4Q", found[module_list])[:2] == (boot.INITRD, 6)
    assert found[command_line].startswith(b"nokaslr norandmaps ")
    assert len(found[memory_map]) == 24 * entries


def test_parts_do_not_overlap() -> None:
    found = sorted(boot.memory(vmlinux(), b"initrd", 2).items())
    for (start, content), (following, _) in pairwise(found):
        assert start + len(content) <= following


def test_mp_table_adds_up() -> None:
    for cpus in (1, 2):
        table = mptable.table(0x9FC00, cpus)
        pointer, header = table[:16], table[16:]
        assert sum(pointer) & 0xFF == sum(header) & 0xFF == 0
        assert struct.unpack_from("<I", pointer, 4) == (0x9FC10,)
        length, count = (
            struct.unpack_from("<H", header, 4)[0],
            struct.unpack_from("<H", header, 34)[0],
        )
        assert length == len(header)
        # CPUs, bus, IOAPIC, 15 interrupts, 2 local ones: only a CPU's entry has 20 bytes.
        assert count == cpus + 19
        assert length == 44 + 20 * cpus + 8 * 19


def test_rom_starts_at_the_reset_vector() -> None:
    data = rom()
    assert len(data) == SIZE
    assert data[RESET : RESET + 5].hex() == "ea00e000f0"  # jmp far F000:E000
    # It ends in the jump through ENTRY, behind three WRMSR.
    code = data[PROTECTED : PROTECTED + 0x60]
    assert code.count(b"\x0f\x30") == 3
    assert b"\xff\x25" + struct.pack("<I", boot.ENTRY) in code


def test_expansion_rom_adds_up() -> None:
    assert len(options.NO_VGA) == 512
    assert sum(options.NO_VGA) & 0xFF == 0
