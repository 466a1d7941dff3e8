# SPDX-License-Identifier: MIT
"""KVM's own counters, read from the binary stats fd.

Format: Documentation/virt/kvm/api.rst, KVM_GET_STATS_FD (Linux 5.14).
"""

import os
import struct

from kbench._abi import ffi
from kbench.errors import Unavailable
from kbench.kvm.handle import Handle


class Stats(Handle):
    """Counters of a VM or a vCPU by name: ints, and tuples for histograms."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        header = ffi.new("struct kvm_stats_header *")
        ffi.memmove(header, os.pread(fd, ffi.sizeof("struct kvm_stats_header"), 0), 24)
        self._data = header.data_offset
        stride = ffi.sizeof("struct kvm_stats_desc") + header.name_size
        raw = os.pread(fd, stride * header.num_desc, header.desc_offset)
        self._fields: dict[str, tuple[int, int]] = {}  # name -> (byte offset, values)
        for start in range(0, len(raw), stride):
            descriptor = ffi.new("struct kvm_stats_desc *")
            size = ffi.sizeof("struct kvm_stats_desc")
            ffi.memmove(descriptor, raw[start : start + size], size)
            name = raw[start + size : start + stride].split(b"\0")[0].decode()
            self._fields[name] = (descriptor.offset, descriptor.size)
        self._size = max((at + 8 * n for at, n in self._fields.values()), default=0)

    def read(self) -> dict[str, int | tuple[int, ...]]:
        """All counters now, in one read."""
        raw = os.pread(self.fd, self._size, self._data)
        return {
            name: values[0] if len(values) == 1 else values
            for name, (at, n) in self._fields.items()
            for values in (struct.unpack_from(f"{n}Q", raw, at),)
        }

    def offset(self, name: str) -> int:
        """Where pread(2) finds the 64-bit counter `name`. Raises Unavailable without it."""
        if name not in self._fields:
            raise Unavailable(f"this KVM's stats fd has no {name}")
        return int(self._data) + self._fields[name][0]

    def scalars(self) -> dict[str, int]:
        """The counters that are one number, now."""
        return {name: value for name, value in self.read().items() if isinstance(value, int)}
