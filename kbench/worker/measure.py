# SPDX-License-Identifier: MIT
"""One benchmark, set up and ready to be timed."""

import errno
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from kbench._abi import lib
from kbench._loops.hdr import Histogram
from kbench._loops.watchdog import Watchdog
from kbench.benches import Benchmark
from kbench.guests import load
from kbench.kvm import GuestMemory, System, Vcpu
from kbench.record.run import Recording
from kbench.worker import errors
from kbench.worker.boot import boot
from kbench.worker.features import require
from kbench.worker.loops import bind
from kbench.worker.witness import Witness

LIMIT = 5.0  # seconds a KVM_RUN may take: no exit of a guest that works takes a thousandth of it


class Measurement:
    """A vCPU in its guest, a timed loop and the histogram it fills.

    `histogram` holds the round trips since the last reset() in ns (in the lab: in
    instructions); `image_sha256` says which guest they are of.
    """

    def __init__(
        self, benchmark: Benchmark, vcpu: Vcpu, memory: GuestMemory, image_sha256: str, limit: float
    ) -> None:
        self.benchmark = benchmark
        self.image_sha256 = image_sha256
        self._vcpu = vcpu
        self._memory = memory
        self._watchdog = Watchdog(vcpu.run_address, limit)
        self.histogram = Histogram(vcpu.get_tsc_khz())
        self._loop = bind(benchmark, vcpu, self.histogram, self._watchdog)
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
            if self._watchdog.fired:
                return errors.hung(self._watchdog.limit, self._vcpu)
            if error:
                return errors.failed_entry(error, self._vcpu)
        return errors.unexpected_exit(self.benchmark.expect, self._vcpu, self._memory)

    def reference_arguments(self) -> tuple[int, int, int]:
        """(vCPU fd, kvm_run address, expected reason), for kbench._loops.reference."""
        return self._vcpu.fd, self._vcpu.run_address, getattr(lib, self.benchmark.expect)

    def reset(self) -> None:
        """Forget what was recorded; the next round trips are the first."""
        self.histogram.reset()
        self._witness.reset()

    def recording(self) -> Recording:
        """The round trips since the last reset(), with what the kernel counted meanwhile."""
        evidence = self._witness.stop()
        return Recording(
            buckets=self.histogram.buckets,
            count=self.histogram.count,
            minimum=self.histogram.minimum,
            maximum=self.histogram.maximum,
            total=self.histogram.total,
            counters=evidence.counters(),
            void=evidence.void(self.benchmark, self.histogram.count),
        )

    def close(self) -> None:
        """Release the stats fd."""
        self._witness.close()


@contextmanager
def prepare(benchmark: Benchmark, limit: float = LIMIT) -> Iterator[Measurement]:
    """Make the VM of `benchmark`, run it once, and yield its Measurement.

    `limit` bounds each KVM_RUN (seconds). Raises Unavailable or IoctlError where this
    KVM lacks what it takes, GuestError where the first round trip fails. Everything is
    closed at the end, on every path.
    """
    image = load(benchmark.guest, benchmark.mode)
    with ExitStack() as stack:
        system = stack.enter_context(System())
        features = [require(system, name) for name in benchmark.features]
        memory = stack.enter_context(GuestMemory(lib.KB_MEMORY))
        vm = stack.enter_context(system.create_vm())
        vm.set_tss_addr()
        vm.set_user_memory_region(memory)
        vcpu = stack.enter_context(vm.create_vcpu())
        vcpu.set_cpuid2(system.get_supported_cpuid())
        boot(vcpu, memory, image, benchmark.batch)
        for feature in features:
            feature.on(vm, vcpu)
        measurement = Measurement(benchmark, vcpu, memory, image.sha256, limit)
        stack.callback(measurement.close)
        measurement.run(1)
        measurement.reset()
        yield measurement
