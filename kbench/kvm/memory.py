# SPDX-License-Identifier: MIT
"""Guest RAM: anonymous memory behind a memslot."""

import mmap
import re
from pathlib import Path
from typing import Any, Self

from kbench._abi import ffi

HUGE_PAGE = 1 << 21
MAPPING = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) .*?^AnonHugePages: +(\d+) kB", re.M | re.S)


class GuestMemory:
    """`size` bytes of zeroed RAM at guest-physical `base`; a context manager.

    Fresh anonymous memory is zero without a store. That matters in the lab, where zeroing
    emulated memory is among the most expensive set-up steps. With `huge` it is to be backed by
    2-MiB pages, of which `size` and `base` are multiples; is_huge() says whether it is.
    """

    def __init__(self, size: int, base: int = 0, *, huge: bool = False) -> None:
        self.base, self.size = base, size
        # Shared memory, Python's default, has 2-MiB pages only where tmpfs is told to.
        flags = mmap.MAP_ANONYMOUS | (mmap.MAP_PRIVATE if huge else mmap.MAP_SHARED)
        self.map = mmap.mmap(-1, size + (HUGE_PAGE if huge else 0), flags)
        self._all = ffi.from_buffer(self.map)
        address = int(ffi.cast("uintptr_t", self._all))
        self._skip = -address % HUGE_PAGE if huge else 0
        self._view = self._all + self._skip
        self.address = address + self._skip
        if huge:
            self.map.madvise(mmap.MADV_HUGEPAGE, self._skip, size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        if not self.map.closed:
            ffi.release(self._all)
            self.map.close()

    def write(self, address: int, data: bytes) -> None:
        """Store `data` at a guest-physical address."""
        offset = address - self.base + self._skip
        self.map[offset : offset + len(data)] = data

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes from a guest-physical address."""
        offset = address - self.base + self._skip
        return self.map[offset : offset + size]

    def struct(self, kind: str, address: int) -> Any:
        """A live cffi view of the struct `kind` at a guest-physical address."""
        return ffi.cast(f"struct {kind} *", self._view + (address - self.base))

    def is_huge(self) -> bool:
        """Whether 2-MiB pages back all of it that has been touched: at least its first page."""
        for low, high, kilobytes in MAPPING.findall(Path("/proc/self/smaps").read_text()):
            if int(low, 16) <= self.address < int(high, 16):
                return int(kilobytes) * 1024 >= self.size
        return False
