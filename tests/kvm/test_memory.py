# SPDX-License-Identifier: MIT
"""Guest memory, and the 2-MiB pages that may back it."""

from kbench.kvm import GuestMemory
from kbench.kvm.memory import HUGE_PAGE


def test_what_is_written_is_read() -> None:
    for huge in (False, True):
        with GuestMemory(HUGE_PAGE, 0x400000, huge=huge) as memory:
            memory.write(0x401000, b"line")
            assert memory.read(0x401000, 4) == b"line"
            assert memory.size == HUGE_PAGE
            assert not huge or memory.address % HUGE_PAGE == 0


def test_memory_in_4_kib_pages_is_not_huge() -> None:
    with GuestMemory(1 << 16) as memory:
        memory.write(0, b"1")
        assert not memory.is_huge()
