# SPDX-License-Identifier: MIT
"""Decompression of kernels and modules, known by their first bytes."""

import lzma
import os
import zlib
from pathlib import Path
from typing import Protocol

from kbench.kernels import tools
from kbench.kernels.errors import KernelError

XZ, GZIP, ZSTD = b"\xfd7zXZ\0", b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
UNPACK_SECONDS = 120


class Decompressor(Protocol):
    """What lzma and zlib have in common."""

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def unpack(data: bytes) -> bytes:
    """The content of `data`, compressed by xz, gzip or zstd; `data` itself otherwise.

    What follows a stream of xz or gzip is ignored. Raises KernelError when `data` is damaged,
    or when it takes a zstd that is not installed.
    """
    if data.startswith(XZ):
        return _unpack(lzma.LZMADecompressor(), data)
    if data.startswith(GZIP):
        return _unpack(zlib.decompressobj(zlib.MAX_WBITS | 16), data)
    return _unpack_zstd(data) if data.startswith(ZSTD) else data


def _unpack(decompressor: Decompressor, data: bytes) -> bytes:
    try:
        content = decompressor.decompress(data)
    except (lzma.LZMAError, zlib.error) as error:
        raise KernelError(f"damaged: {error}") from error
    if not decompressor.eof:
        raise KernelError("damaged: it ends too early")
    return content


def _unpack_zstd(data: bytes) -> bytes:
    # Python's own zstd came with 3.14.
    packed, unpacked = os.memfd_create("kbench-zstd"), os.memfd_create("kbench-unpacked")
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(packed, view) :]
        source, target = (Path(f"/proc/{os.getpid()}/fd/{fd}") for fd in (packed, unpacked))
        command = ["zstd", "--decompress", "--quiet", "--force", "-o", str(target), str(source)]
        missing = "install the package zstd"
        tools.run(command, UNPACK_SECONDS, missing=missing, what="damaged")
        return target.read_bytes()
    finally:
        os.close(packed)
        os.close(unpacked)
