# SPDX-License-Identifier: MIT
"""The one place that opens outputs: written whole or not at all, never over what is no file.

A regular file is replaced by a new one with its mode and owner, in the place that a symbolic link
leads to; the link stays. A device, a pipe and what standard output goes to take the data as a
stream. `-` is standard output, for text. Directories and sockets are refused.

Files that kbench did not write itself are read by read_regular(), which ends on any of them.
"""

import fcntl
import os
import stat
import sys
import time
from contextlib import suppress
from pathlib import Path

from kbench.errors import KbenchError

STDOUT = Path("-")
LOCK_POLL = 0.1  # seconds; flock(2) itself has no limit of time


def check_absent(path: Path, remedy: str) -> None:
    """Raise KbenchError where `path` exists, with the remedy."""
    if path != STDOUT and path.exists():
        raise KbenchError(f"{path} exists: {remedy}")


def check_regular(path: Path) -> None:
    """Raise KbenchError where `path` is a directory, a device, a pipe or a socket."""
    if path == STDOUT:
        raise KbenchError("- is standard output, which takes text alone: name a file")
    if path.exists() and not path.is_file():
        raise KbenchError(f"{path} is not a regular file")


def read_regular(path: Path, most: int) -> bytes:
    """The content of a file of at most `most` bytes, whatever somebody has put there.

    Raises KbenchError for anything but a regular file (a FIFO would block, a device need not
    end), for a larger one, and where it cannot be read.
    """
    try:
        # O_NONBLOCK: opening a FIFO without a writer would block.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise KbenchError(f"{path} is not a regular file")
            data = file.read(most + 1)
    except OSError as error:
        raise KbenchError(f"cannot read {path}: {error.strerror}") from None
    if len(data) > most:
        raise KbenchError(f"{path} holds more than {most >> 20} MB")
    return data


def locked(descriptor: int, wait: float = 0.0) -> bool:
    """Take flock(2) on an open file, within `wait` seconds; whether this process has it.

    Raises OSError where the file system has no locks.
    """
    end = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(LOCK_POLL)


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
    # What mkstemp(3) makes is private; this is as readable as any other output, by the umask,
    # which a process cannot ask for without setting it, for all of its threads.
    name = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise KbenchError(f"cannot write {path}: {error.strerror}") from None
    try:
        like(path, descriptor)
    except BaseException:
        name.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    return name


def write_atomically(path: Path, data: bytes, *, force: bool = False) -> None:
    """Write `data` to `path`; an existing file is replaced with `force` and else refused.

    Links and streams are treated as the module says; a stream other than `-` takes `force`.
    Raises KbenchError where `path` cannot be written, and then leaves it as it was.
    """
    if path == STDOUT:
        sys.stdout.write(data.decode())
        return
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
