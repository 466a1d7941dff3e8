# SPDX-License-Identifier: MIT
"""The directory in which a kernel's KVM is built: kept, so that only what differs is compiled.

Its path is the same for every build: modules hold the names of their source files, and
equal sources give equal modules.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kbench.kernels import cache
from kbench.kernels.kernel import KernelTree

BUILDING = ".building"
SOURCES = (".c", ".h", ".S")


@dataclass(frozen=True)
class BuildDirectory:
    """A locked directory; a program that writes there inherits the descriptor `lock`."""

    path: Path
    lock: int


@contextmanager
def directory(tree: KernelTree) -> Iterator[BuildDirectory]:
    """The build directory for the kernel of `tree`, locked; emptied after a build that was killed.

    Raises CacheBusy when another build holds it for too long.
    """
    place = cache.root() / "kvm-build" / tree.key
    with cache.lock(f"kvm-build-{tree.key}"), cache.exclusive(place) as lock:
        marker = place / BUILDING
        if marker.exists():
            for left in place.iterdir():
                shutil.rmtree(left) if left.is_dir() else left.unlink()
        marker.touch()
        try:
            yield BuildDirectory(place, lock)
        finally:
            marker.unlink(missing_ok=True)


def refresh(place: Path, sources: Path) -> None:
    """Make the sources in `place` those of `sources`, leaving equal files alone.

    What a build generates from sources that are gone goes too.
    """
    wanted = {path.relative_to(sources) for path in sources.rglob("*") if path.is_file()}
    for name in wanted:
        data = (sources / name).read_bytes()
        target = place / name
        if not target.is_file() or target.read_bytes() != data:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    for path in place.rglob("*"):
        if path.suffix in SOURCES and path.relative_to(place) not in wanted:
            path.unlink()
