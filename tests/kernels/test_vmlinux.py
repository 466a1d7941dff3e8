# SPDX-License-Identifier: MIT
import lzma
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from kbench.kernels import vmlinux
from kbench.kernels.errors import KernelError

VMLINUX = vmlinux.ELF + vmlinux.ELF64 + bytes(1000) + vmlinux.PVH + bytes(9)


def bzimage(payload: bytes, version: int = 0x20F) -> bytes:
    sectors, offset = 3, 100
    data = bytearray((sectors + 1) * vmlinux.SECTOR + offset) + payload + b"rest"
    data[vmlinux.SETUP_SECTORS] = sectors
    data[vmlinux.MAGIC : vmlinux.MAGIC + 4] = b"HdrS"
    struct.pack_into("<H", data, vmlinux.VERSION, version)
    struct.pack_into("<II", data, vmlinux.PAYLOAD, offset, len(payload))
    return bytes(data)


def file(directory: Path, data: bytes) -> Path:
    path = directory / "vmlinuz"
    path.write_bytes(data)
    return path


def gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    return packer.compress(data) + packer.flush()


def xz(data: bytes) -> bytes:
    """As the kernel's build does, with the size behind the stream."""
    return lzma.compress(data) + struct.pack("<I", len(data))


def zstd(data: bytes) -> bytes:
    if shutil.which("zstd") is None:
        pytest.skip("zstd is not installed")
    packed = subprocess.run(["zstd"], input=data, capture_output=True, check=True, timeout=60)
    return packed.stdout + struct.pack("<I", len(data))


@pytest.mark.parametrize("pack", [xz, gzip, zstd, bytes])
def test_vmlinux_is_extracted(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    assert vmlinux.bootable(file(tmp_path, bzimage(pack(VMLINUX)))) == VMLINUX


def test_elf_is_taken_as_it_is(tmp_path: Path) -> None:
    assert vmlinux.bootable(file(tmp_path, VMLINUX)) == VMLINUX


@pytest.mark.parametrize("pack", [xz, gzip, zstd])
def test_damaged_payload(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    packed = bytearray(pack(VMLINUX * 100))
    packed[12] ^= 0xFF
    with pytest.raises(KernelError, match=r"cannot unpack the kernel in .*: damaged"):
        vmlinux.bootable(file(tmp_path, bzimage(bytes(packed))))


def test_zstd_that_is_not_installed(tmp_path: Path, programs: Path) -> None:
    packed = bzimage(b"\x28\xb5\x2f\xfd" + bytes(50))
    with pytest.raises(KernelError, match="zstd is not installed: install the package zstd"):
        vmlinux.bootable(file(tmp_path, packed))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bytes(2000), "neither a bzImage nor an ELF vmlinux"),
        (b"", "neither a bzImage"),
        (bzimage(xz(VMLINUX), 0x207), "names no payload"),
        (VMLINUX.replace(vmlinux.PVH, bytes(8)), "CONFIG_PVH=y"),
        (vmlinux.ELF + b"\1" + bytes(100), "no 64-bit kernel"),
    ],
)
def test_what_cannot_boot_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(KernelError, match=words):
        vmlinux.bootable(file(tmp_path, data))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match=r"cannot read the kernel .*: No such file"):
        vmlinux.bootable(tmp_path / "vmlinuz")
