# SPDX-License-Identifier: MIT
"""The kernel proper inside a bzImage.

QEMU starts an ELF vmlinux through its PVH entry: under TCG that saves the seconds that
unpacking inside takes.
"""

import struct
from pathlib import Path

from kbench.kernels.errors import KernelError
from kbench.kernels.unpack import ZSTD, unpack

# Offsets in the boot protocol's header (Documentation/arch/x86/boot.rst).
SETUP_SECTORS, MAGIC, VERSION, PAYLOAD = 0x1F1, 0x202, 0x206, 0x248
SECTOR = 512
ELF = b"\x7fELF"
# EI_CLASS of a 64-bit file, and XEN_ELFNOTE_PHYS32_ENTRY in a note of the owner "Xen".
ELF64, PVH = b"\x02", struct.pack("<I", 18) + b"Xen\0"


def bootable(path: Path) -> bytes:
    """The ELF vmlinux of `path`, which is one or a bzImage.

    Raises KernelError when it is neither, is damaged, is of 32 bits or lacks the PVH entry.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise KernelError(f"cannot read the kernel {path}: {error.strerror}") from error
    if not data.startswith(ELF):
        data = _payload(data, path)
    if not data.startswith(ELF + ELF64):
        raise KernelError(f"{path} is no 64-bit kernel")
    if PVH not in data:
        raise KernelError(f"{path} has no PVH entry: its kernel needs CONFIG_PVH=y")
    return data


def _payload(data: bytes, path: Path) -> bytes:
    if data[MAGIC : MAGIC + 4] != b"HdrS" or len(data) < PAYLOAD + 8:
        raise KernelError(f"{path} is neither a bzImage nor an ELF vmlinux")
    (version,) = struct.unpack_from("<H", data, VERSION)
    if version < 0x208:
        raise KernelError(f"{path} has boot protocol {version:#x}, which names no payload")
    offset, length = struct.unpack_from("<II", data, PAYLOAD)
    # 0 means 4, for kernels older than the field.
    start = ((data[SETUP_SECTORS] or 4) + 1) * SECTOR + offset
    payload = data[start : start + length]
    # The kernel's build appends the unpacked size (arch/x86/boot/compressed/Makefile).
    payload = payload[:-4] if payload.startswith(ZSTD) else payload
    try:
        return unpack(payload)
    except KernelError as error:
        raise KernelError(f"cannot unpack the kernel in {path}: {error}") from error
