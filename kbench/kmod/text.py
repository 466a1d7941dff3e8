# SPDX-License-Identifier: MIT
"""Whether two modules hold the same machine code: their .text, compared byte by byte.

An ELF reader of 30 lines, because the distribution's modules come compressed and
no tool that compares sections is on every machine.
"""

import lzma
import struct
from pathlib import Path

from kbench.kernels.errors import KernelError

SECTION = ".text"
# struct elf64_shdr: name, type, flags, addr, offset, size, link, info, align, entsize.
HEADER = struct.Struct("<IIQQQQIIQQ")


def text(module: Path) -> bytes:
    """The .text section of a module, which may be compressed (.ko, .ko.xz).

    Raises KernelError when the file is no 64-bit ELF or has no such section.
    """
    data = module.read_bytes()
    if module.suffix == ".xz":
        data = lzma.decompress(data)
    if data[:5] != b"\x7fELF\x02":
        raise KernelError(f"{module} is not a 64-bit module")
    (start,) = struct.unpack_from("<Q", data, 0x28)
    size, count, names = struct.unpack_from("<HHH", data, 0x3A)
    sections = [HEADER.unpack_from(data, start + index * size) for index in range(count)]
    strings = sections[names][4]
    for name, _, _, _, offset, length, *_ in sections:
        begin = strings + name
        if data[begin : data.index(b"\0", begin)].decode() == SECTION:
            return data[offset : offset + length]
    raise KernelError(f"{module} has no section {SECTION}")


def identical(left: Path, right: Path) -> bool:
    """Whether both modules' .text are the same bytes, before relocation."""
    return text(left) == text(right)
