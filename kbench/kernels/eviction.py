# SPDX-License-Identifier: MIT
"""What leaves the cache: entries that nobody used lately, and all of a kind when asked."""

import fcntl
import os
import shutil
import weakref
from collections.abc import Sequence
from pathlib import Path

from kbench.kernels import cache
from kbench.kernels.errors import CacheBusy, KernelError

# Builds take longer: what is being built when the cache is cleaned stays.
CLEAN_LOCK_SECONDS = 1.0


def hold(place: Path, owner: object) -> None:
    """Keep the entry `place` from being removed, by any process, while `owner` lives."""
    fd = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(fd, fcntl.LOCK_SH)
    weakref.finalize(owner, os.close, fd)


def keep_recent(place: Path, count: int) -> None:
    """Mark the entry `place` as used and remove all of its kind but the `count` latest used.

    Entries that somebody holds stay too, and all of them in a cache that cannot be written.
    """
    try:
        os.utime(place)
    except OSError:
        return
    entries = [path for path in place.parent.iterdir() if not path.name.startswith(".")]
    entries.sort(key=_used, reverse=True)
    for path in entries[count:]:
        with cache.lock(f"{place.parent.name}-{path.name}"):
            # Another process may have removed it since it was listed.
            if path.is_dir() and not _held(path):
                shutil.rmtree(path, ignore_errors=True)


def _used(place: Path) -> float:
    """When an entry was last used; 0 of one that has been removed since it was listed."""
    try:
        return place.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def remove(kinds: Sequence[Path]) -> tuple[int, list[str]]:
    """Remove the entries of `kinds`, directories of the cache, which are not in use.

    Returns the bytes freed, and a line for each entry that stays, with the reason.
    """
    freed, kept = 0, []
    for place in (path for kind in kinds for path in sorted(kind.iterdir())):
        name = f"{place.parent.name}/{place.name}"
        try:
            with cache.lock(f"{place.parent.name}-{place.name}", CLEAN_LOCK_SECONDS):
                if place.is_dir() and _held(place):
                    raise CacheBusy("a running kbench uses it")
                size = cache.size(place)
                shutil.rmtree(place) if place.is_dir() else place.unlink()
                freed += size
        except CacheBusy:
            kept.append(f"{name} is in use")
        except KernelError:
            kept.append(f"{name}: the cache cannot be written")
        except OSError as error:
            kept.append(f"{name}: {error.strerror}")
    for kind in kinds:
        # What stays keeps its directory.
        if not any(kind.iterdir()) and os.access(kind.parent, os.W_OK):
            kind.rmdir()
    return freed, kept


def _held(place: Path) -> bool:
    fd = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
