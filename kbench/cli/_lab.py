# SPDX-License-Identifier: MIT
"""What the commands of `kbench lab` do."""

import sys
from collections.abc import Sequence
from pathlib import Path

from kbench import programs
from kbench.catalogue import select
from kbench.errors import KbenchError
from kbench.kernels import cache, eviction, find
from kbench.lab import labs
from kbench.lab import shell as lab_shell
from kbench.lab import verify as lab_verify
from kbench.lab.vm import emulator, options, snapshot

# The cache's directories that are cheap to make again, and the one that others may hold open.
SNAPSHOTS, LOCKS = ("snapshot", "ready"), "locks"


def say(line: str) -> None:
    """Progress, a line each, on stderr."""
    print(line, file=sys.stderr)


def build(kernel: str, update: bool) -> None:
    programs.require("lab")
    if update:
        find.update(kernel)
    ready = labs.prepare(kernel, labs.STOCK, say).snapshot
    shots = snapshot.ensure(ready.kernel, say), ready
    size = _megabytes(sum(cache.size(shot.place) for shot in shots))
    say(f"the lab of Linux {ready.kernel.version} is ready: {size}")


def info(kernel: str) -> None:
    try:
        version = emulator.find().version
    except KbenchError as error:
        version = str(error)
    rows = {
        "kernel": find.known(kernel) or f"{kernel}: not built yet",
        "QEMU": version,
        "CPU": options.CPU,
        "memory": f"{options.MEMORY_MB} MB",
        "cache": str(cache.root()),
    }
    for kind in _kinds():
        for place in sorted(kind.glob("[!.]*")):
            if place.is_dir():
                rows[f"{kind.name} {place.name}"] = _megabytes(cache.size(place))
    width = max(map(len, rows))
    for name, value in rows.items():
        print(f"{name:{width}}  {value}")


def verify(selectors: Sequence[str], kernel: str, variant: str) -> int:
    names = [row.name for row in select(selectors)]
    lab = labs.prepare(kernel, variant, say)
    differences = lab_verify.verify(lab, names, say)
    for difference in differences:
        print(f"{difference.benchmark} differs {difference.repetition}:")
        print(f"  first {difference.first}\n  then  {difference.again}")
    if differences:
        print(f"{len(differences)} of {3 * len(names)} comparisons differ")
        return 1
    print(f"{len(names)} benchmarks, four times: every histogram is equal, bit for bit")
    return 0


def shell(kernel: str, variant: str) -> None:
    lab_shell.run(labs.prepare(kernel, variant, say))


def clean(kernels: bool) -> None:
    chosen = [kind for kind in _kinds() if kernels or kind.name in SNAPSHOTS]
    freed, kept = eviction.remove(chosen)
    say(f"removed {_megabytes(freed)} from {cache.root()}")
    if kept:
        raise KbenchError("not removed: " + "; ".join(kept))


def _kinds() -> list[Path]:
    """The cache's directories, one a kind of entry, without the locks."""
    return sorted(
        path for path in cache.root().glob("[!.]*") if path.is_dir() and path.name != LOCKS
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
