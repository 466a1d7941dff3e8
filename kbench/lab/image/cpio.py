# SPDX-License-Identifier: MIT
"""A cpio archive of format "newc", as the kernel unpacks it into its root file system.

Format: Documentation/driver-api/early-userspace/buffer-format.rst. The same files
give the same bytes: sorted names, numbered inodes, no times, owner root.
"""

import stat
from collections.abc import Mapping
from pathlib import PurePosixPath

MAGIC = b"070701"
TRAILER = "TRAILER!!!"


def archive(files: Mapping[str, tuple[int, bytes]], directories: tuple[str, ...] = ()) -> bytes:
    """The archive of `files` (path without leading slash -> (permissions, content)).

    The directories of the files are made too, as are `directories` (empty ones).
    """
    entries = {path: (stat.S_IFREG | mode, data) for path, (mode, data) in files.items()}
    for path in (*files, *(f"{directory}/." for directory in directories)):
        for parent in PurePosixPath(path).parents:
            if str(parent) != ".":
                entries[str(parent)] = (stat.S_IFDIR | 0o755, b"")
    for directory in directories:
        entries[directory] = (stat.S_IFDIR | 0o755, b"")
    out = bytearray()
    # Sorted, every directory comes before what is in it.
    for inode, path in enumerate(sorted(entries), start=1):
        mode, data = entries[path]
        _append(out, inode, path, mode, data)
    _append(out, 0, TRAILER, 0, b"")
    return bytes(out)


def _append(out: bytearray, inode: int, path: str, mode: int, data: bytes) -> None:
    name = path.encode() + b"\0"
    # ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
    out += MAGIC + "".join(f"{field:08X}" for field in fields).encode() + name
    out += bytes(-len(out) % 4)
    out += data
    out += bytes(-len(out) % 4)
