# SPDX-License-Identifier: MIT
"""Benchmarks in the lab: each from the restored snapshot, several labs side by side."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from kbench.targets.lab import cache, image, machine, packages, payload, pins, protocol, snapshot
from kbench.targets.lab.cache import Progress
from kbench.targets.lab.errors import AgentFailed, LabError, LabPanic
from kbench.targets.lab.qemu import Running

STOCK = "stock"
SAMPLES = 500
JOBS = 2
# Limits of one benchmark: inside (virtual) and outside. The slowest takes 2 s outside.
VIRTUAL_SECONDS = 20.0
WALL_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class LabResult:
    """One benchmark in the lab: counts, or the reason of a skip, or an error.

    pins: what must be equal for two counts to be compared. facts: what the kernel
    inside says of itself (cpu_model, kernel, halt_poll_ns).
    """

    benchmark: str
    pins: dict[str, str]
    facts: dict[str, str] = field(default_factory=dict)
    counts: protocol.Counts | None = None
    skipped: str = ""
    error: LabError | None = None
    wall_seconds: float = 0.0


class Lab:
    """A ready lab of one kernel and one variant of KVM; make it with prepare()."""

    def __init__(
        self, shot: snapshot.Snapshot, variant: str, kvm: dict[str, bytes], package: bytes
    ) -> None:
        self.snapshot = shot
        self.pins = {
            "qemu": shot.qemu.version,
            "kernel": shot.pin.version,
            "snapshot": shot.key,
            "cpu": machine.OPTIONS[machine.OPTIONS.index("-cpu") + 1],
            "kvm": variant,
            # Debian builds modules without srcversion: their content identifies them.
            "kvm_modules": cache.digest(*kvm.values()),
        }
        self._files = {name: payload.module(data) for name, data in kvm.items()}
        self._files["package"] = package

    def measure(self, benchmark: str, samples: int, running: Running) -> LabResult:
        """Measure one benchmark from the restored snapshot.

        A failure that is the benchmark's own is in the result's `error`.
        """
        start = time.monotonic()
        job = protocol.Job(benchmark, samples, VIRTUAL_SECONDS, snapshot.KVM_MODULES)
        files = {"job": protocol.encode(job), **self._files}
        try:
            with self.snapshot.restore(files, WALL_SECONDS) as process, running.one(process):
                process.wait()
                message, facts = outcome(process.results(), process.console(), process.log())
        except LabError as error:
            return LabResult(benchmark=benchmark, pins=self.pins, error=error)
        return LabResult(
            benchmark=benchmark,
            pins=self.pins,
            facts=facts,
            counts=message.counts,
            skipped=message.skipped,
            wall_seconds=time.monotonic() - start,
        )


def outcome(results: bytes, console: str, log: str) -> tuple[protocol.Message, dict[str, str]]:
    """The measurement and the facts among an ended lab's messages.

    Errors: the LabError that the messages or the console tell of.
    """
    facts: dict[str, str] = {}
    measured: protocol.Message | None = None
    for message in protocol.decode(results):
        if message.failure:
            raise protocol.failure(message, console)
        if message.facts:
            facts = message.facts
        else:
            measured = message
    if measured is not None:
        return measured, facts
    if "Kernel panic" in console:
        raise LabPanic("the kernel inside the lab panicked", console)
    raise AgentFailed(f"the lab ended without a result {log.strip()}".rstrip(), console)


def prepare(kernel: str, variant: str, progress: Progress) -> Lab:
    """Fetch, build and snapshot whatever is missing for `kernel` (a pin) and `variant`.

    Errors: LabError of the step that failed.
    """
    pin = pins.resolve(kernel)
    shot = snapshot.ensure(pin, progress)
    if variant == STOCK:
        kvm = {name: image.module(shot.image, pin, name) for name in snapshot.KVM_MODULES}
    else:
        built = modules.build(packages.fetch(pin, progress), variant, progress)
        kvm = {name: built.path(name).read_bytes() for name in snapshot.KVM_MODULES}
    return Lab(shot, variant, kvm, payload.package())


def run(
    benchmarks: Sequence[str],
    kvm_variant: str = STOCK,
    samples: int = SAMPLES,
    jobs: int = JOBS,
    progress: Progress = lambda line: None,
    kernel: str = pins.DEFAULT,
) -> Iterator[LabResult]:
    """Measure `benchmarks` (names) and yield their results in that order.

    `jobs` labs run side by side. Closing the iterator, and any exception in the
    consumer, ends them. Errors: LabError when the lab cannot be made ready.
    """
    yield from measure_all(prepare(kernel, kvm_variant, progress), benchmarks, samples, jobs)


def measure_all(
    lab: Lab, benchmarks: Sequence[str], samples: int = SAMPLES, jobs: int = JOBS
) -> Iterator[LabResult]:
    """As run(), in a lab that is ready."""
    running = Running()
    with ThreadPoolExecutor(jobs, thread_name_prefix="lab") as pool:
        futures = [pool.submit(lab.measure, name, samples, running) for name in benchmarks]
        try:
            for future in futures:
                yield future.result()
        finally:
            for future in futures:
                future.cancel()
            running.stop()
