# SPDX-License-Identifier: MIT
"""Writing a file whole or not at all, and never over something that is no file."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from kbench.errors import KbenchError


def check_absent(path: Path, remedy: str) -> None:
    """Raise KbenchError where `path` exists, with the remedy."""
    if path.exists():
        raise KbenchError(f"{path} exists: {remedy}")


def check_regular(path: Path) -> None:
    """Raise KbenchError where `path` is a directory, a device, a pipe or a socket."""
    if path.exists() and not path.is_file():
        raise KbenchError(f"{path} is not a regular file")


def like(path: Path, descriptor: int) -> None:
    """Give an open file the mode and, where that is allowed, the owner of `path`, if it exists."""
    with suppress(FileNotFoundError):
        there = path.stat()
        with suppress(PermissionError):
            os.fchown(descriptor, there.st_uid, there.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(there.st_mode))


def temporary_beside(path: Path) -> Path:
    """An empty file in the directory of `path`, to become `path` by rename, with its mode.

    Raises KbenchError where the directory cannot be written.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise KbenchError(f"cannot write {path}: {error.strerror}") from None
    # mkstemp makes files private; an output is as readable as any other.
    umask = os.umask(0)
    os.umask(umask)
    os.fchmod(descriptor, 0o666 & ~umask)
    like(path, descriptor)
    os.close(descriptor)
    return Path(name)


def write_atomically(path: Path, data: bytes, *, force: bool = False) -> None:
    """Write `data` to `path`; an existing file is replaced with `force` and else refused.

    A link is followed. A device, a pipe and what standard output goes to take `data` as a
    stream, with `force`: nothing replaces them. Raises KbenchError where `path` cannot be
    written, and then leaves it as it was.
    """
    if not force:
        check_absent(path, "choose another -o, or --force")
    try:
        if path.exists() and not _replaceable(path):
            with os.fdopen(_stream(path), "wb") as stream:
                stream.write(data)
        else:
            _replace(Path(os.path.realpath(path)), data)
    except OSError as error:
        raise KbenchError(f"cannot write {path}: {error.strerror}") from None


def _replaceable(path: Path) -> bool:
    mode = path.stat().st_mode
    return not _is_stdout(path) and (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _is_stdout(path: Path) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(1))
    except OSError:  # there is none
        return False


def _stream(path: Path) -> int:
    """A descriptor to write to `path` with, which is no file of its own."""
    if _is_stdout(path):
        return os.dup(1)  # opened again, a file would be written from its beginning
    # O_NONBLOCK: opening a FIFO without a reader would block.
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    os.set_blocking(descriptor, True)
    return descriptor


def _replace(path: Path, data: bytes) -> None:
    temporary = temporary_beside(path)
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
