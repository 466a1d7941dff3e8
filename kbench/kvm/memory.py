# SPDX-License-Identifier: MIT
"""Guest RAM: anonymous memory behind a memslot."""

import mmap
from typing import Any, Self

from kbench._abi import ffi


class GuestMemory:
    """`size` bytes of zeroed RAM at guest-physical `base`; a context manager.

    Fresh anonymous memory is zero without a store. That matters in the lab, where zeroing
    emulated memory is among the most expensive set-up steps.
    """

    def __init__(self, size: int, base: int = 0) -> None:
        self.base = base
        self.map = mmap.mmap(-1, size)
        self._view = ffi.from_buffer(self.map)
        self.address = int(ffi.cast("uintptr_t", self._view))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        if not self.map.closed:
            ffi.release(self._view)
            self.map.close()

    def write(self, address: int, data: bytes) -> None:
        """Store `data` at a guest-physical address."""
        offset = address - self.base
        self.map[offset : offset + len(data)] = data

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes from a guest-physical address."""
        offset = address - self.base
        return self.map[offset : offset + size]

    def struct(self, kind: str, address: int) -> Any:
        """A live cffi view of the struct `kind` at a guest-physical address."""
        return ffi.cast(f"struct {kind} *", self._view + (address - self.base))
