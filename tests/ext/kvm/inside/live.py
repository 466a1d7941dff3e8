# SPDX-License-Identifier: MIT
"""The live module beside a 32-bit VMM: system calls of that kind, made by this process."""

import ctypes
import errno
import mmap

from selftests.machine import MWAIT, Machine, expect

from kbench._abi import lib

MAP_32BIT = 0x40
IOCTL = 54  # of i386
KVM_RUN, KVM_ENABLE_CAP = 0xAE80, 0x4068AEA3
# push %rbx; mov $IOCTL,%eax; mov %edi,%ebx; mov %esi,%ecx; int $0x80; pop %rbx; ret
CODE = b"\x53\xb8" + IOCTL.to_bytes(4, "little") + bytes.fromhex("89fb89f1cd805bc3")


class Compat:
    """ioctl(2) as a 32-bit process calls it; `block` is memory that it can point to."""

    def __init__(self) -> None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_32BIT
        protection = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
        self._map = mmap.mmap(-1, mmap.PAGESIZE, flags=flags, prot=protection)
        self._map[: len(CODE)] = CODE
        self._start = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        call = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_uint, ctypes.c_uint)
        self._call = call(self._start)
        self.block = self._start + 1024

    def write(self, data: bytes) -> None:
        ctypes.memmove(self.block, data, len(data))

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        """0 or more, or the error as a negative number."""
        return int(self._call(fd, request, argument))


def enable(compat: Compat, fd: int, bits: int) -> int:
    capability = lib.KVM_CAP_KBENCH.to_bytes(4, "little") + bytes(4) + bits.to_bytes(8, "little")
    compat.write(capability.ljust(104, b"\0"))
    return compat.ioctl(fd, KVM_ENABLE_CAP, compat.block)


def test_32_bit_vmm_enables() -> None:
    compat = Compat()
    with Machine() as machine:
        expect(enable(compat, machine.vcpu.fd, lib.KVM_KBENCH_USERSPACE_EXITS), 0, "KVM_ENABLE_CAP")
        expect(enable(compat, machine.vcpu.fd, 1 << 40), -errno.EINVAL, "an unknown bit")


def test_32_bit_vmm_idles_on_mwait() -> None:
    """Between the MWAIT and the next entry, where a 64-bit one does."""
    compat = Compat()
    with Machine() as machine:
        machine.start()
        machine.mwait(lib.KVM_KBENCH_MWAIT_AS_YIELD)
        machine.plan(MWAIT)
        expect(compat.ioctl(machine.vcpu.fd, KVM_RUN, 0), 0, "KVM_RUN")
        expect(machine.vcpu.run.exit_reason, lib.KVM_EXIT_IO)
