# SPDX-License-Identifier: MIT
"""A benchmark in the lab under the plugin: its counts, its stamps, and what spans executed.

The run ends with the benchmark's first window. Instructions are known by number: a lab repeats
itself, so that the numbers of one run hold in the next. An instruction that begins has a number,
whether it is counted or not.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kbench.explain.errors import Unexplained
from kbench.lab import labs, protocol
from kbench.lab.errors import AgentFailed
from kbench.lab.labs import Lab
from kbench.lab.outcome import received
from kbench.lab.vm.qemu import emulator as qemu
from kbench.lab.vm.qemu.process import Plugin

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

# Kinds of stamps, as in ext/lab/executed.c.
RDTSC, RDTSCP, HALT, END = range(1, 5)
# The records that the plugin writes: struct stamp, insn and access.
STAMP = [("number", "<u8"), ("address", "<u8"), ("kind", "<u4"), ("nested", "<u4")]
INSN = [
    *(("address", "<u8"), ("length", "u1"), ("nested", "u1"), ("kind", "u1")),
    *(("code", "V15"), ("spare", "V2"), ("place", "<u4")),
]
ACCESS = [("index", "<u8"), ("address", "<u8")]
# The plugin is called for each instruction, which takes some ten times as long; no row that can be
# explained takes a tenth of the lab's own limit.
WALL_SECONDS = 2 * labs.WALL_SECONDS
Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Stamp:
    """A reading of the TSC, a halt, or the end: number and address.

    nested: in the guest of the lab's KVM. After a halt the clock may go on without instructions.
    """

    number: int
    address: int
    kind: int
    nested: bool


@dataclass(frozen=True)
class Trace:
    """What the spans executed: `insns` (records INSN), and by index into them `order` (uint32).

    stack: by index into `order`, the address at which a call or a return has its return address.
    """

    insns: "Array"
    order: "Array"
    stack: dict[int, int]


@dataclass(frozen=True)
class Execution:
    """A run: its counts, its stamps (records STAMP), and the trace where spans were given."""

    counts: protocol.Counts
    stamps: "Array"
    trace: Trace | None

    def repeats(self, other: "Execution", until: int) -> bool:
        """Whether the counts are those of `other`, and the stamps up to the number `until`."""
        one, two = (run.stamps[run.stamps["number"] <= until] for run in (self, other))
        return self.counts == other.counts and one.tobytes() == two.tobytes()


def execute(lab: Lab, plugin: Path, benchmark: str, spans: Spans = ()) -> Execution:
    """Measure `benchmark` in `lab`; trace what has a number from low to before high of a span.

    Raises Unexplained when the benchmark is skipped, and the LabError of a run that fails.
    """
    files = labs.files(labs.benchmark_job(benchmark))
    emulator, place = qemu.require(lab.snapshot.emulator), lab.snapshot.place
    with (
        _files(spans) as fds,
        emulator.restore(place, files, WALL_SECONDS, plugin=Plugin(plugin, fds)) as process,
    ):
        first, *_ = received(process) or [protocol.Message()]
        if first.skipped:
            raise Unexplained(f"{benchmark} is skipped: {first.skipped}")
        if first.counts is None:
            raise AgentFailed("the lab ended without counts", process.console())
        return Execution(
            first.counts, _records(fds["stamps"], STAMP), trace(fds) if spans else None
        )


def trace(fds: Mapping[str, int]) -> Trace:
    """The trace that the plugin wrote."""
    stack = dict(_records(fds["stack"], ACCESS).tolist())
    return Trace(_records(fds["insns"], INSN), _records(fds["trace"], "<u4"), stack)


def _records(fd: int, layout: Any) -> "Array":
    import numpy as np

    return np.frombuffer(os.pread(fd, os.fstat(fd).st_size, 0), layout)


@contextmanager
def _files(spans: Spans) -> Iterator[dict[str, int]]:
    """The files of the plugin in memory, by the name of its argument."""
    import numpy as np

    names = ("stamps", "spans", "insns", "trace", "stack") if spans else ("stamps",)
    with ExitStack() as stack:
        fds = {name: os.memfd_create(f"kbench-{name}") for name in names}
        for fd in fds.values():
            stack.callback(os.close, fd)
        if spans:
            os.pwrite(fds["spans"], np.array(spans, "<u8").tobytes(), 0)
        yield fds
