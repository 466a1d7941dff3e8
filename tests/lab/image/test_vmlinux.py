# SPDX-License-Identifier: MIT
import gzip
import lzma
import struct

import pytest

from kbench.lab.errors import LabError
from kbench.lab.image import vmlinux

VMLINUX = b"\x7fELF" + bytes(1000)


def bzimage(payload: bytes, version: int = 0x20F) -> bytes:
    sectors, offset = 3, 100
    data = bytearray((sectors + 1) * vmlinux.SECTOR + offset) + payload + b"rest"
    data[vmlinux.SETUP_SECTORS] = sectors
    data[vmlinux.MAGIC : vmlinux.MAGIC + 4] = b"HdrS"
    struct.pack_into("<H", data, vmlinux.VERSION, version)
    struct.pack_into("<II", data, vmlinux.PAYLOAD, offset, len(payload))
    return bytes(data)


@pytest.mark.parametrize("pack", [lzma.compress, gzip.compress])
def test_vmlinux_is_extracted(pack: object) -> None:
    assert callable(pack)
    size = struct.pack("<I", len(VMLINUX))
    assert vmlinux.bootable(bzimage(pack(VMLINUX) + size)) == VMLINUX


def test_zstd_kernel_unpacks_itself() -> None:
    packed = bzimage(b"\x28\xb5\x2f\xfd" + bytes(50))
    assert vmlinux.bootable(packed) is packed


def test_damaged_payload() -> None:
    packed = bytearray(lzma.compress(VMLINUX))
    packed[-20] ^= 0xFF
    with pytest.raises(LabError, match="payload is damaged"):
        vmlinux.bootable(bzimage(bytes(packed)))


def test_not_a_bzimage() -> None:
    with pytest.raises(LabError, match="no bzImage"):
        vmlinux.bootable(bytes(2000))


def test_modinfo() -> None:
    module = b"\0alias=x\0depends=ccp,irqbypass\0vermagic=6.1 SMP \0\0"
    assert vmlinux.depends(module) == ["ccp", "irqbypass"]
    assert vmlinux.modinfo(module, "vermagic") == "6.1 SMP "
    assert vmlinux.depends(b"\0depends=\0") == []
    assert vmlinux.modinfo(module, "srcversion") == ""
