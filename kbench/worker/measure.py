# SPDX-License-Identifier: MIT
"""One benchmark, set up and ready to be timed."""

import errno
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from kbench._abi import lib
from kbench._native.hdr import Histogram
from kbench._native.watchdog import Watchdog
from kbench.catalogue import Benchmark
from kbench.errors import Unavailable
from kbench.guests import load
from kbench.kvm.backend import detect
from kbench.record.recording import Recording
from kbench.worker import errors
from kbench.worker.crosscheck.witness import Witness
from kbench.worker.roundtrip import siblings
from kbench.worker.roundtrip.batch import Batch
from kbench.worker.roundtrip.loops import bind
from kbench.worker.vm.machine import Machine, build

if TYPE_CHECKING:
    from kbench.worker.idle import Scenario

LIMIT = 5.0  # seconds a KVM_RUN may take: no exit of a guest that works takes a thousandth of it


class Measurement:
    """A vCPU in its guest, a timed loop and the histogram it fills.

    `histogram` holds the round trips since the last reset() in ns (in the lab: in
    instructions); `image_sha256` says which guest they are of. `beside` are the VM's
    other vCPUs, which run already.
    """

    def __init__(
        self,
        benchmark: Benchmark,
        machine: Machine,
        image_sha256: str,
        limit: float,
        beside: Sequence[siblings.Neighbour] = (),
    ) -> None:
        self.benchmark = benchmark
        self.image_sha256 = image_sha256
        self._vcpu = vcpu = machine.vcpus[0]
        self._memory = machine.memory
        self._beside = beside
        self._watchdog = Watchdog(vcpu.run_address, limit)
        self.histogram = Histogram(vcpu.get_tsc_khz())
        self._batch = None
        if benchmark.loop == "batch":
            self._batch = Batch(machine.params, self.histogram.tsc_khz)
        self._loop = bind(benchmark, machine, self.histogram, self._batch, self._watchdog)
        self._witness = Witness(vcpu, self.histogram.tsc_khz)

    def run(self, loops: int) -> float:
        """Time `loops` more round trips and return their sum in ns.

        Raises GuestError when the guest hangs, dies or exits with another reason, and
        KeyboardInterrupt between two entries.
        """
        before = self.histogram.total_ticks
        done = 0
        with self._watchdog as watchdog:
            while done < loops:
                count, error = self._loop(loops - done)
                done += count
                # Any signal ends a KVM_RUN, also a tick of the watchdog that saw progress.
                if done < loops and (error != errno.EINTR or watchdog.fired):
                    raise self._failure(error)
        # The guest reports an exception by a PIO write, which may be the exit of its subject.
        if errors.exception(self._memory):
            raise self._failure(0)
        return self.histogram.nanoseconds(self.histogram.total_ticks - before)

    def _failure(self, error: int) -> errors.GuestError:
        # An exception comes first: its guest waits for ever, so the watchdog ends it too.
        if not errors.exception(self._memory):
            for index, neighbour in enumerate(self._beside, start=1):
                if neighbour.ended:
                    return errors.neighbour_ended(index, *neighbour.ended, self._vcpu)
            if self._watchdog.fired:
                return errors.hung(self._watchdog.limit, self._vcpu)
            if error:
                return errors.failed_entry(error, self._vcpu)
        return errors.unexpected_exit(self.benchmark.expect, self._vcpu, self._memory)

    def reference_arguments(self) -> tuple[int, int, int]:
        """(vCPU fd, kvm_run address, expected reason), for kbench._native.reference."""
        return self._vcpu.fd, self._vcpu.run_address, getattr(lib, self.benchmark.expect)

    def reset(self) -> None:
        """Forget what was recorded; the next round trips are the first."""
        self.histogram.reset()
        if self._batch:
            self._batch.reset()
        self._witness.reset()

    def recording(self) -> Recording:
        """The round trips since the last reset(), with what the kernel counted meanwhile."""
        evidence = self._witness.stop()
        counters = evidence.counters()
        warnings = []
        if self._batch:
            counters |= self._batch.counters()
        if self._beside:
            pinned = all(neighbour.pinned for neighbour in self._beside)
            counters |= {"vcpus": len(self._beside) + 1, "vcpus_pinned": int(pinned)}
            if not pinned:
                warnings.append("the vCPUs share CPUs: there is not one for each")
        return Recording(
            buckets=self.histogram.buckets,
            count=self.histogram.count,
            minimum=self.histogram.minimum,
            maximum=self.histogram.maximum,
            total=self.histogram.total,
            counters=counters,
            warnings=tuple(warnings),
            figures=self._batch.figures(self.histogram) if self._batch else {},
            void=evidence.void(self.benchmark, self.histogram.count),
        )

    def close(self) -> None:
        """Release the stats fd."""
        self._witness.close()


@contextmanager
def prepare(benchmark: Benchmark, limit: float = LIMIT) -> "Iterator[Measurement | Scenario]":
    """Make the VM of `benchmark`, run it once, and yield its Measurement.

    `limit` bounds each KVM_RUN (seconds). Raises Unavailable or IoctlError where this
    KVM lacks what it takes, GuestError where the first round trip fails (Unavailable for
    a row that is `probed`). Everything is closed at the end, on every path.
    """
    if benchmark.backends and detect() not in benchmark.backends:
        raise Unavailable(f"it may run on {', '.join(benchmark.backends)} only, not on {detect()}")
    if benchmark.loops:
        # Half of all that a worker imports, and only these rows need it.
        from kbench.worker import idle

        with idle.prepare(benchmark) as scenario:
            yield scenario
        return
    image = load(benchmark.guest, benchmark.mode)
    with ExitStack() as stack:
        machine = stack.enter_context(build(benchmark, image))
        beside = stack.enter_context(siblings.running(machine.vcpus))
        measurement = Measurement(benchmark, machine, image.sha256, limit, beside)
        stack.callback(measurement.close)
        try:
            measurement.run(1)
        except errors.GuestError as error:
            if not benchmark.probed:
                raise
            raise Unavailable(f"not on this backend ({detect()}): {error.what}") from error
        measurement.reset()
        yield measurement
