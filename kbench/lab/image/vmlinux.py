# SPDX-License-Identifier: MIT
"""What of a kernel package goes into the lab: the kernel itself and its modules."""

import gzip
import lzma
import re
import struct
from pathlib import Path

from kbench.kernels import packages
from kbench.kernels.debian import Pin
from kbench.lab.errors import LabError

# Offsets in the boot protocol's header (Documentation/x86/boot.rst).
SETUP_SECTORS, MAGIC, VERSION, PAYLOAD = 0x1F1, 0x202, 0x206, 0x248
SECTOR = 512


def bootable(bzimage: bytes) -> bytes:
    """The ELF vmlinux inside a bzImage, or the bzImage itself where it is packed with zstd.

    QEMU starts an ELF vmlinux through its PVH entry: under TCG that saves the six
    seconds that unpacking inside takes. Python 3.11 has no zstd (Debian packs its
    kernels with it since 6.7); such a kernel unpacks itself, once for each snapshot.
    Errors: LabError when it is no bzImage, or when its payload is damaged.
    """
    if bzimage[MAGIC : MAGIC + 4] != b"HdrS":
        raise LabError("the kernel package's vmlinuz is no bzImage")
    (version,) = struct.unpack_from("<H", bzimage, VERSION)
    if version < 0x208:
        raise LabError(f"the vmlinuz has boot protocol {version:#x}, which names no payload")
    offset, length = struct.unpack_from("<II", bzimage, PAYLOAD)
    # 0 means 4, for kernels older than the field.
    start = ((bzimage[SETUP_SECTORS] or 4) + 1) * SECTOR + offset
    payload = bzimage[start : start + length]
    try:
        if payload.startswith(b"\xfd7zXZ\0"):
            # The kernel's build appends the unpacked size behind the XZ stream.
            return lzma.LZMADecompressor().decompress(payload)
        if payload.startswith(b"\x1f\x8b"):
            return gzip.decompress(payload[:-4])
    except (lzma.LZMAError, OSError, EOFError) as error:
        raise LabError(f"the vmlinuz' payload is damaged: {error}") from error
    return bzimage


def module(image: Path, pin: Pin, name: str) -> bytes:
    """The ELF file of the kernel package's module `name`."""
    path = packages.module(image, pin, name)
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def dependencies(image: Path, pin: Pin, data: bytes) -> list[tuple[str, bytes]]:
    """The modules that the module `data` needs, with theirs before them, without `data`."""
    found: dict[str, bytes] = {}
    for name in depends(data):
        needed = module(image, pin, name)
        found.update(dependencies(image, pin, needed))
        found[name] = needed
    return list(found.items())


def depends(data: bytes) -> list[str]:
    """The names in a module's modinfo field `depends`."""
    names = modinfo(data, "depends")
    return names.split(",") if names else []


def modinfo(data: bytes, field: str) -> str:
    """A field of a module's .modinfo section ("vermagic", "srcversion"); empty without it."""
    found = re.search(rb"\0" + field.encode() + rb"=([^\0]*)\0", data)
    return found.group(1).decode() if found else ""
