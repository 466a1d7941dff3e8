# SPDX-License-Identifier: MIT
"""What `kbench lab` does: make a lab ready, say what there is, show that it is exact, clean."""

from collections.abc import Sequence
from pathlib import Path

from kbench import programs
from kbench.catalogue import select
from kbench.errors import KbenchError
from kbench.kernels import cache, eviction, find
from kbench.lab import labs
from kbench.lab.verify import PASSES, verify
from kbench.lab.vm import machines, snapshot
from kbench.lab.vm.common import MEMORY_MB
from kbench.present.table import Table, figures, words
from kbench.present.text import grid_lines, wrapped
from kbench.session.progress import say

# The cache's directories that are cheap to make again, and the one that others may hold open.
SNAPSHOTS, LOCKS = ("snapshot", "ready"), "locks"


def build(kernel: str, machine: str, *, update: bool) -> None:
    """Make the lab of `kernel` on `machine` ready; what is cached is not done again.

    Raises LabError and KernelError of the step that failed.
    """
    on = machines.named(machine)
    programs.require(*on.groups(), *find.needs(kernel))
    if update:
        find.update(kernel)
    ready = labs.prepare(kernel, labs.STOCK, say, on).snapshot
    shots = snapshot.ensure(ready.kernel, say, on), ready
    size = _megabytes(sum(cache.size(shot.place) for shot in shots))
    say(f"the lab of Linux {ready.kernel.version} on {on.name} is ready: {size}")


def info(kernel: str, machine: str, width: int) -> str:
    """The lab's kernel, machine and emulator, then what the cache holds and weighs."""
    on = machines.named(machine)
    emulated: tuple[tuple[str, str], ...]
    try:
        emulator = on.emulator()
        emulated = (emulator.title, on.obstacle() or emulator.version), ("CPU", emulator.cpu)
    except KbenchError as error:
        emulated = (("emulator", str(error)),)
    facts = (
        ("kernel", find.known(kernel) or f"{kernel}: not built yet"),
        ("machine", f"{on.name} ({on.backend})"),
        *emulated,
        ("memory", f"{MEMORY_MB} MB"),
        ("cache", str(cache.root())),
    )
    held = tuple(
        (kind.name, place.name, _megabytes(cache.size(place)))
        for kind in _kinds()
        for place in sorted(kind.glob("[!.]*"))
        if place.is_dir()
    )
    lines = grid_lines(Table(words("lab", "what"), facts), width)
    entries = Table((*words("in the cache", "entry"), *figures("size")), held)
    lines += ["", *grid_lines(entries, width)] if held else []
    return "\n".join(lines) + "\n"


def check(
    selectors: Sequence[str], kernel: str, variant: str, machine: str, width: int
) -> tuple[str, bool]:
    """Measure `selectors` again, disturbed, and say whether all histograms are equal."""
    names = [row.name for row in select(selectors)]
    differences = verify(labs.prepare(kernel, variant, say, machines.named(machine)), names, say)
    if not differences:
        count = f"{len(names)} benchmarks, measured {PASSES} times"
        return f"{count}: every histogram is equal, bit for bit\n", True
    lines = []
    for found in differences:
        lines += [f"{found.benchmark} differs, measured {found.repetition}:"]
        lines += [
            *wrapped(found.first, width, "  first "),
            *wrapped(found.again, width, "  then  "),
        ]
    compared = (PASSES - 1) * len(names)
    return "\n".join([*lines, f"{len(differences)} of {compared} comparisons differ"]) + "\n", False


def clean(*, kernels: bool) -> None:
    """Remove the snapshots from the cache, with `kernels` everything.

    Raises KbenchError where something is in use or cannot be removed.
    """
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
