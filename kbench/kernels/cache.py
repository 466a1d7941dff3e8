# SPDX-License-Identifier: MIT
"""The cache: directories that are complete, verified and named after their content.

An entry is built in a temporary directory beside its place and renamed, under a
lock, so that a build that was interrupted leaves nothing that looks complete.
Its manifest holds the size and the SHA-256 of every file; an entry that
disagrees with its manifest is removed and built again. A complete entry is used without
writing anything, so that a cache may be read-only.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kbench.errors import KbenchError
from kbench.files import read_regular
from kbench.kernels.errors import CacheBusy, KernelError, NoSpace

Progress = Callable[[str], None]
"""Whoever gets a line for each step of long work; silent() for nobody."""
MANIFEST = "manifest.json"
MANIFEST_BYTES = 64 << 20  # linux-headers have 20,000 files of some 150 bytes each
# Longer than any build of one entry on a slow machine.
LOCK_SECONDS = 1800
# Longer than a compiler takes for one file, after make(1) was killed.
ORPHAN_SECONDS = 120.0


def silent(line: str) -> None:
    """Progress of what no one watches."""


def root() -> Path:
    """The cache directory of kbench, usually ~/.cache/kbench (XDG_CACHE_HOME is obeyed)."""
    import platformdirs

    return platformdirs.user_cache_path("kbench")


def digest(*parts: bytes | str) -> str:
    """A key of 16 hexadecimal digits over `parts`, unambiguous about where one part ends."""
    sha = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        sha.update(len(data).to_bytes(8, "little") + data)
    return sha.hexdigest()[:16]


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def entry(kind: str, key: str, build: Callable[[Path], None], progress: Progress) -> Path:
    """The directory of entry `key` of `kind`, built by `build(directory)` where it is missing.

    Raises CacheBusy when another process builds the same entry for more than half an
    hour, NoSpace when the disk is full, KernelError when the cache cannot be written, and
    whatever `build` raises.
    """
    place = root() / kind / key
    if place.is_dir() and intact(place):
        return place
    with lock(f"{kind}-{key}"):
        if place.is_dir():
            if intact(place):
                return place
            progress(f"{kind} {key}: damaged in the cache, building it again")
            shutil.rmtree(place)
        place.parent.mkdir(parents=True, exist_ok=True)
        _sweep(place.parent, key)
        work = Path(tempfile.mkdtemp(prefix=f".{key}.", dir=place.parent))
        try:
            build(work)
            (work / MANIFEST).write_text(json.dumps(_manifest(work), indent=0))
            work.chmod(0o755)
            work.rename(place)
        except OSError as error:
            raise _no_space(error, work) or error from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return place


@contextmanager
def exclusive(place: Path) -> Iterator[int]:
    """Lock the directory `place` itself, made where it is missing; yields the descriptor.

    A program that is handed the descriptor keeps the lock when kbench is killed, so that
    nobody begins again in `place` before the program's last process has ended.

    Raises CacheBusy when such processes have not ended after ORPHAN_SECONDS.
    """
    place.mkdir(parents=True, exist_ok=True)
    fd = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        end = time.monotonic() + ORPHAN_SECONDS
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > end:
                    raise CacheBusy(f"processes of a killed build still use {place}") from error
                time.sleep(0.1)
        yield fd
    finally:
        os.close(fd)


def intact(place: Path) -> bool:
    """Whether the entry holds exactly the files of its manifest, with their contents."""
    try:
        manifest = json.loads(read_regular(place / MANIFEST, MANIFEST_BYTES))
        return bool(manifest == _manifest(place))
    except (OSError, ValueError, RecursionError, KbenchError):
        return False


def size(place: Path) -> int:
    """Bytes that `place`, a file or all files below it, takes on the disk (RAM has holes)."""
    files = [place] if place.is_file() else place.rglob("*")
    return sum(path.lstat().st_blocks * 512 for path in files if path.is_file())


def require_space(place: Path, needed: int) -> None:
    """Raise NoSpace unless the file system of `place` has `needed` bytes left."""
    place.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(place).free
    if free < needed:
        raise NoSpace(
            f"{place} has {free >> 20} MiB left and the lab needs {needed >> 20} MiB there: "
            "make room, or set XDG_CACHE_HOME to a larger disk"
        )


@contextmanager
def lock(name: str, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold the cache's lock `name`; the operating system frees it when the process dies.

    Raises CacheBusy when another process holds it for `seconds`, KernelError when the cache
    cannot be written.
    """
    from filelock import FileLock, Timeout

    locks = root() / "locks"
    held = FileLock(locks / f"{name}.lock", timeout=seconds)
    try:
        locks.mkdir(parents=True, exist_ok=True)
        held.acquire()
    except Timeout as error:
        raise CacheBusy(f"another process has held the lock {error.lock_file} too long") from error
    except OSError as error:
        raise KernelError(
            f"the cache {root()} cannot be written ({error.strerror}), and it is not complete: "
            "set XDG_CACHE_HOME to a directory of yours"
        ) from error
    try:
        yield
    finally:
        held.release()


def _manifest(place: Path) -> dict[str, list[int | str]]:
    """Relative path -> [size, SHA-256] of each file, [-1, target] of each symbolic link,
    and [-2, ""] of what is neither.
    """
    files: dict[str, list[int | str]] = {}
    for directory, subdirs, names in os.walk(place):
        for name in names + [sub for sub in subdirs if (Path(directory) / sub).is_symlink()]:
            path = Path(directory) / name
            relative = str(path.relative_to(place))
            if path.is_symlink():
                files[relative] = [-1, str(path.readlink())]
            elif relative != MANIFEST:
                regular = path.is_file()  # reading a FIFO would not end
                files[relative] = [path.stat().st_size, file_digest(path)] if regular else [-2, ""]
    return files


def _sweep(parent: Path, key: str) -> None:
    """Remove what a killed build of the same entry left (its lock is ours now)."""
    for left in parent.glob(f".{key}.*"):
        shutil.rmtree(left, ignore_errors=True)


def _no_space(error: OSError, work: Path) -> NoSpace | None:
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace(f"no space left on the disk of {work.parent}: make room there")
    return None
