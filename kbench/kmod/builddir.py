# SPDX-License-Identifier: MIT
"""The directory in which a kernel's KVM is built: kept, so that only what differs is compiled.

Its path is the same for every build: modules hold the names of their source files, and
equal sources give equal modules.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kbench.kernels import cache
from kbench.kernels.debian import Pin

BUILDING = ".building"
SOURCES = (".c", ".h", ".S")


@contextmanager
def directory(pin: Pin) -> Iterator[Path]:
    """The build directory for `pin`, locked; emptied after a build that was killed.

    Errors: CacheBusy.
    """
    place = cache.root() / "kvm-build" / pin.key
    with cache.lock(f"kvm-build-{pin.key}"):
        marker = place / BUILDING
        if marker.exists():
            shutil.rmtree(place)
        place.mkdir(parents=True, exist_ok=True)
        marker.touch()
        try:
            yield place
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
