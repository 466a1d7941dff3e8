# SPDX-License-Identifier: MIT
"""QEMU's fw_cfg device by DMA, from user space (docs/specs/fw_cfg.rst): the agent's way in.

Its sysfs file is quadratic in the file's size, and its data port takes one emulated
instruction a byte: 0.4 s for the KVM modules.
"""

import ctypes
import mmap
import struct
from pathlib import Path

import _port  # type: ignore[import-not-found]  # beside this file in the lab

# The port of the DMA address, the item that is the directory, and the commands.
DMA_PORT, DIRECTORY, READ, SELECT = 0x514, 0x19, 0x2, 0x8
PREFIX = "opt/kbench/"
PAGE = 4096
MAP_LOCKED = 0x2000


def files() -> dict[str, bytes]:
    """The host's files that are meant for the agent, by name."""
    with FwCfg() as device:
        count = int.from_bytes(device.read(DIRECTORY, 4), "big")
        directory = device.read(DIRECTORY, 4 + 64 * count)[4:]
        found = {}
        for start in range(0, len(directory), 64):
            # be32 size, be16 selector, 2 reserved, 56 of name
            entry = directory[start : start + 64]
            name = entry[8:].split(b"\0")[0].decode()
            if name.startswith(PREFIX):
                size, selector = int.from_bytes(entry[:4], "big"), int.from_bytes(entry[4:6], "big")
                found[name.removeprefix(PREFIX)] = device.read(selector, size)
    return found


class FwCfg:
    """The device; a context manager that holds the privilege for port I/O."""

    def __init__(self) -> None:
        # Locked pages: one for the control structure, one for the data.
        self._pages = mmap.mmap(-1, 2 * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_LOCKED)
        self._pages[0], self._pages[PAGE] = 1, 1
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._pages))
        with Path("/proc/self/pagemap").open("rb", buffering=0) as pagemap:
            pagemap.seek(start // PAGE * 8)
            frames = struct.unpack("<2Q", pagemap.read(16))
        # Bits 0-54 are the frame number (Documentation/admin-guide/mm/pagemap.rst).
        self._control, self._data = (PAGE * (frame & (1 << 55) - 1) for frame in frames)

    def __enter__(self) -> "FwCfg":
        _port.privilege(3)
        return self

    def __exit__(self, *_: object) -> None:
        _port.privilege(0)

    def read(self, selector: int, size: int) -> bytes:
        """The first `size` bytes of the item `selector`."""
        out = bytearray()
        command = selector << 16 | SELECT
        while len(out) < size:
            length = min(PAGE, size - len(out))
            self._pages[:16] = struct.pack(">IIQ", command | READ, length, self._data)
            # Both halves are big-endian; writing the lower one starts the transfer,
            # which is over when the instruction is.
            for port, half in ((DMA_PORT, self._control >> 32), (DMA_PORT + 4, self._control)):
                _port.outl(port, int.from_bytes((half & 0xFFFFFFFF).to_bytes(4, "big"), "little"))
            if struct.unpack_from(">I", self._pages)[0]:
                raise OSError(f"fw_cfg: transfer of item {selector:#x} failed")
            out += self._pages[PAGE : PAGE + length]
            command = 0
        return bytes(out)
