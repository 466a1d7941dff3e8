# SPDX-License-Identifier: MIT
"""Round trips of one vCPU: its guest, a timed loop and the histogram it fills."""

import errno
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kbench._abi import lib
from kbench._native.hdr import Histogram
from kbench._native.watchdog import Watchdog
from kbench.catalogue import Batch, RoundTrip
from kbench.errors import Unavailable
from kbench.guests import load
from kbench.kvm import System
from kbench.kvm.backend import detect
from kbench.record.recording import Recording
from kbench.worker import errors
from kbench.worker.crosscheck.counters import open_stats, read_own
from kbench.worker.crosscheck.delta import Delta
from kbench.worker.crosscheck.void import disturbed, miscounted
from kbench.worker.roundtrip.batch import BatchHistograms
from kbench.worker.roundtrip.loops import bind
from kbench.worker.roundtrip.siblings import Sibling, running
from kbench.worker.vm.features import require
from kbench.worker.vm.guest_vm import GuestVm, build

if TYPE_CHECKING:
    from kbench.worker.roundtrip.stopper import Stopper


class RoundTripMeasurement:
    """A kbench.record.measurement.Measurement of round trips.

    `siblings` are the VM's other vCPUs, which run already; `limit` bounds each KVM_RUN
    (seconds).
    """

    def __init__(
        self,
        benchmark: RoundTrip | Batch,
        guest_vm: GuestVm,
        image_sha256: str,
        limit: float,
        siblings: Sequence[Sibling] = (),
    ) -> None:
        self.benchmark = benchmark
        self.image_sha256 = image_sha256
        self._vcpu = vcpu = guest_vm.vcpus[0]
        self._memory = guest_vm.memory
        self._siblings = siblings
        self._watchdog = Watchdog(vcpu.run_address, limit)
        self.histogram = Histogram(vcpu.get_tsc_khz())
        self._batch = None
        if isinstance(benchmark, Batch):
            self._batch = BatchHistograms(guest_vm.params, self.histogram.tsc_khz)
        self._loop = bind(benchmark, guest_vm, self.histogram, self._batch, self._watchdog)
        self._stack = ExitStack()
        self._stopper: Stopper | None = None
        self._stats = open_stats([vcpu], self._stack)
        self._start = read_own(self._stats, closing=False)

    def stop_above(self, limit_ns: float, trace: Path | None = None) -> None:
        """From now on stop at the first round trip of more than `limit_ns` (lab: instructions).

        `trace` is an instance of tracefs that is frozen at that moment.
        """
        assert isinstance(self.benchmark, RoundTrip)
        # Imported here: no other measurement has it.
        from kbench.worker.roundtrip.stopper import Stopper

        self._stopper = Stopper(limit_ns, self.histogram.tsc_khz, trace)
        self._stack.callback(self._stopper.close)
        self._loop = self._stopper.loop(self.benchmark, self._vcpu, self.histogram, self._watchdog)

    def run(self, loops: int) -> float:
        """Time `loops` more round trips and return their sum in ns.

        Where stop_above() ended them early, the sum is what `loops` of their mean would take.
        Raises GuestError when the guest hangs, dies or exits with another reason, and
        KeyboardInterrupt between two entries.
        """
        before = self.histogram.total_ticks
        done = 0
        with self._watchdog as watchdog:
            while done < loops:
                count, error = self._loop(loops - done)
                done += count
                if self._stopper and self._stopper.stopped:
                    break
                # Any signal ends a KVM_RUN, also a tick of the watchdog that saw progress.
                if done < loops and (error != errno.EINTR or watchdog.fired):
                    raise self._failure(error)
        # The guest reports an exception by a PIO write, which may be the exit of its subject.
        if errors.exception(self._memory):
            raise self._failure(0)
        taken = self.histogram.nanoseconds(self.histogram.total_ticks - before)
        return taken if done == loops else taken * loops / done

    def _failure(self, error: int) -> errors.GuestError:
        # An exception comes first: its guest waits for ever, so the watchdog ends it too.
        if not errors.exception(self._memory):
            for index, sibling in enumerate(self._siblings, start=1):
                if sibling.ended:
                    return errors.sibling_ended(index, *sibling.ended, self._vcpu)
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
        self._start = read_own(self._stats, closing=False)

    def recording(self) -> Recording:
        """The round trips since the last reset(), with what the kernel counted meanwhile."""
        delta = Delta(self._start, read_own(self._stats, closing=True))
        counters = delta.counters()
        warnings = []
        if self._batch:
            counters |= self._batch.counters()
        if self._siblings:
            own_pcpu = all(sibling.own_pcpu for sibling in self._siblings)
            counters |= {"vcpus": len(self._siblings) + 1, "vcpus_pinned": int(own_pcpu)}
            if not own_pcpu:
                warnings.append("the vCPUs share CPUs: there is not one for each")
        found = Recording(
            buckets=self.histogram.buckets,
            count=self.histogram.count,
            minimum=self.histogram.minimum,
            maximum=self.histogram.maximum,
            total=self.histogram.total,
            counters=counters,
            warnings=tuple(warnings),
            figures=self._batch.figures(self.histogram) if self._batch else {},
            void=disturbed(delta, self.histogram.tsc_khz)
            or miscounted(delta, self.benchmark, self.histogram.count),
        )
        return self._stopper.added(found) if self._stopper else found

    def close(self) -> None:
        """Release the stats fd."""
        self._stack.close()


@contextmanager
def prepare(benchmark: RoundTrip | Batch, limit: float) -> Iterator[RoundTripMeasurement]:
    """Build the VM of `benchmark`, make a first round trip, and yield its measurement.

    `limit` bounds each KVM_RUN (seconds). Raises Unavailable or IoctlError where this KVM
    lacks what it takes, GuestError where the first round trip fails, Unavailable
    where the first batch does: backends differ in what they implement.
    """
    match benchmark:
        case Batch(backends=backends) if backends and detect() not in backends:
            raise Unavailable(f"it may run on {', '.join(backends)} only, not on {detect()}")
        case Batch(size=rounds, vcpus=vcpus):
            pass
        case RoundTrip(rounds=rounds):
            vcpus = 1
    image = load(benchmark.guest, benchmark.mode)

    def parameters(guest_vm: GuestVm) -> None:
        guest_vm.params.batch, guest_vm.params.vcpus = rounds, vcpus

    with ExitStack() as stack:
        system = stack.enter_context(System())
        features = [require(system, name) for name in benchmark.features]
        before = [parameters, *(feature.before for feature in features)]
        after = [feature.after for feature in features]
        guest_vm = stack.enter_context(build(system, image, vcpus, before=before, after=after))
        siblings = stack.enter_context(running(guest_vm.vcpus))
        measurement = RoundTripMeasurement(benchmark, guest_vm, image.sha256, limit, siblings)
        stack.callback(measurement.close)
        try:
            measurement.run(1)
        except errors.GuestError as error:
            if isinstance(benchmark, RoundTrip):
                raise
            raise Unavailable(f"not on this backend ({detect()}): {error.what}") from error
        measurement.reset()
        yield measurement
