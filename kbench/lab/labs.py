# SPDX-License-Identifier: MIT
"""Benchmarks in the lab: each from the restored snapshot, several labs side by side."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from kbench import programs
from kbench.kernels import cache, find, modinfo
from kbench.kernels.cache import Progress
from kbench.kernels.kernel import Kernel
from kbench.kmod import compiler, modules, recipes, variants
from kbench.lab import protocol
from kbench.lab.errors import LabError
from kbench.lab.image import payload
from kbench.lab.inside import bundle
from kbench.lab.outcome import outcome
from kbench.lab.vm import snapshot
from kbench.lab.vm.common import KERNEL_OPTIONS
from kbench.lab.vm.machines import SVM, LabMachine
from kbench.record.recording import Metadata
from kbench.targets.running import Running

STOCK = "stock"
SAMPLES = 500
JOBS = 2
RUN_SECONDS = 5.0
# Limits of one benchmark: inside (virtual) and outside. A guest that spins on PAUSE, which leaves
# QEMU's loop each time, took 75 s for 0.4 s of virtual time beside a load of 15.
VIRTUAL_SECONDS = 20.0
WALL_SECONDS = 600.0
READY = "kbench.lab.inside.measure:ready"


@dataclass(frozen=True, kw_only=True)
class LabResult:
    """One benchmark in the lab: counts, or the reason of a skip, or an error.

    kvm: the variant and a digest of its modules. identity: what must be equal for two counts
    to be compared. backend: the lab machine's label. facts: the provenance of the machine inside
    (kbench.record.provenance).
    further: the runs after the first, of a benchmark that is a sample of windows. where: the
    machine of a fleet that measured it.
    """

    benchmark: str
    kvm: tuple[str, str]
    identity: dict[str, str]
    backend: str = SVM.backend
    facts: Metadata = field(default_factory=dict)
    counts: protocol.Counts | None = None
    further: tuple[protocol.Counts, ...] = ()
    skipped: str = ""
    error: LabError | None = None
    wall_seconds: float = 0.0
    where: str = ""

    @property
    def runs(self) -> tuple[protocol.Counts, ...]:
        """The counts of every run; none of a skip or an error."""
        return (self.counts, *self.further) if self.counts else ()


@dataclass(frozen=True)
class LabContents:
    """What a lab is made of, wherever it is made; make it with contents().

    modules: KVM's modules that are loaded in it, by name.
    """

    kernel: Kernel
    variant: str
    modules: dict[str, bytes]
    machine: LabMachine = SVM

    @property
    def kvm(self) -> tuple[str, str]:
        """The variant, and what identifies its modules: Debian builds them without srcversion."""
        return self.variant, cache.digest(*self.modules.values())

    @property
    def identity(self) -> dict[str, str]:
        """What must be equal for two counts to be compared. Raises EmulatorUnavailable."""
        emulator = self.machine.emulator()
        return {
            emulator.title.lower(): emulator.version,
            "kernel": self.kernel.version,
            "cpu": emulator.cpu,
            "machine": cache.digest(*emulator.options, *KERNEL_OPTIONS),
        }


class Lab:
    """A ready lab of one kernel and one variant of KVM; make it with prepare().

    modules: KVM's modules that are loaded in it, by name.
    """

    def __init__(self, shot: snapshot.Snapshot, contents: LabContents) -> None:
        self.snapshot = shot
        self.modules = contents.modules
        self.machine = contents.machine
        self.kvm = contents.kvm
        self.identity = contents.identity

    def measure(self, job: protocol.Job, running: Running) -> LabResult:
        """Do one job from the restored snapshot.

        A failure that is the benchmark's own is in the result's `error`.
        """
        start = time.monotonic()
        try:
            with (
                self.snapshot.restore(files(job), WALL_SECONDS) as process,
                running.one(process),
            ):
                measured, facts = outcome(process)
        except LabError as error:
            return LabResult(
                benchmark=job.benchmark,
                kvm=self.kvm,
                identity=self.identity,
                backend=self.machine.backend,
                error=error,
            )
        return LabResult(
            benchmark=job.benchmark,
            kvm=self.kvm,
            identity=self.identity,
            backend=self.machine.backend,
            facts={**facts, **self.snapshot.kernel.facts, **self.machine.facts},
            counts=measured[0].counts,
            further=tuple(message.counts for message in measured[1:] if message.counts),
            skipped=measured[0].skipped,
            wall_seconds=time.monotonic() - start,
        )


LabT = TypeVar("LabT")


class LabPlace(Protocol[LabT]):
    """Where the labs of a session run: on this machine, as this module has it, or in a fleet."""

    def prepare(
        self, kernel: str, variant: str, progress: Progress, machine: LabMachine = SVM
    ) -> LabT:
        """What measure_all() measures in; it has `kvm` and `identity` as Lab has."""

    def measure_all(
        self,
        lab: LabT,
        benchmarks: Sequence[str],
        *,
        jobs: int,
        run_seconds: float,
        stop_above: float = 0.0,
    ) -> Iterator[LabResult]:
        """The results of `benchmarks`, in any order. Closing the iterator ends the labs."""


def benchmark_job(
    name: str,
    samples: int = SAMPLES,
    run_seconds: float = RUN_SECONDS,
    stop_above: float = 0.0,
) -> protocol.Job:
    """The job that measures a benchmark."""
    return protocol.Job(name, samples, run_seconds, VIRTUAL_SECONDS, stop_above)


def files(job: protocol.Job) -> dict[str, bytes]:
    """What the agent of a ready lab is handed for `job`: it has all the rest."""
    return {"job": protocol.encode(job)}


def loading(kvm: dict[str, bytes]) -> dict[str, bytes]:
    """What the agent is handed to make the lab ready: modules by name, and kbench."""
    job = protocol.Job(modules=tuple(kvm), entry=READY, pauses=True)
    loaded = {name: payload.module(data) for name, data in kvm.items()}
    return {**files(job), "package": bundle.pack(payload.package()), **loaded}


def prepare(kernel: str, variant: str, progress: Progress, machine: LabMachine = SVM) -> Lab:
    """Fetch, build and snapshot whatever is missing for a kernel (as find() takes it) and KVM.

    `variant` is one of the extension's, or the label of a user's build. Raises ProgramsMissing
    before anything is fetched, and KernelError or LabError of the step that failed.
    """
    return ready(contents(kernel, variant, progress, machine), progress)


def require_known(kernel: str, variant: str) -> None:
    """Raise KernelError for a kernel of Debian's or a variant of KVM that there is not.

    It takes no program, and nothing is fetched or built.
    """
    find.needs(kernel)
    if not _users(variant):
        variants.variant(variant)


def contents(
    kernel: str, variant: str, progress: Progress, machine: LabMachine = SVM
) -> LabContents:
    """Fetch and build what a lab of them is made of; nothing boots. Raises as prepare() does."""
    kvm = {} if variant == STOCK else _built(kernel, variant, progress, machine)
    programs.require(*machine.groups(), *find.needs(kernel))
    found = find.find(kernel, progress)
    kvm = kvm or {name: modinfo.content(found, name) for name in machine.modules}
    return LabContents(found, variant, kvm, machine)


def ready(made_of: LabContents, progress: Progress) -> Lab:
    """The lab of these contents, booted and saved where that is missing. Raises LabError."""
    made_of.machine.emulator().prepare(progress)
    files = loading(made_of.modules)
    return Lab(snapshot.ready(made_of.kernel, files, progress, made_of.machine), made_of)


def _built(kernel: str, variant: str, progress: Progress, machine: LabMachine) -> dict[str, bytes]:
    """The modules of a variant of the extension, or of a user's patch or source tree, by name.

    Raises LabError for a user's on a machine that is not AMD's: kvm-intel is not built of them.
    """
    intel = machine.vendor == modules.INTEL
    if _users(variant):
        if intel:
            raise LabError(
                f"{variant} is built for the machine svm alone: it has no {modules.INTEL}"
            )
        built = modules.made(find.find(kernel, progress), variant)
    else:
        needs = (*machine.groups(), *find.needs(kernel), *variants.variant(variant).needs)
        tree = compiler.tree(kernel, needs, progress)
        recipe = recipes.variant(tree, variant, progress)
        built = modules.build(tree, recipe, progress)
    found = {name: built.path(name) for name in machine.modules if name in modules.NAMES}
    if intel:
        found[modules.INTEL] = modules.build_intel(tree, recipe, progress)
    return {name: path.read_bytes() for name, path in found.items()}


def _users(variant: str) -> bool:
    """Whether the name is one that a user's patch or source tree got, or was given."""
    known = variant in (one.name for one in variants.variants())
    given = not known and any(one.variant == variant for one in modules.users())
    return given or "+" in variant or variant.startswith("source-")


def measure_all(
    lab: Lab,
    benchmarks: Sequence[str],
    samples: int = SAMPLES,
    jobs: int = JOBS,
    run_seconds: float = RUN_SECONDS,
    stop_above: float = 0.0,
) -> Iterator[LabResult]:
    """Measure `benchmarks` (names) and yield their results in that order.

    `jobs` labs run side by side; `run_seconds` of virtual time bound each KVM_RUN, and a round
    trip of more than `stop_above` instructions ends its benchmark. Closing the iterator, and any
    exception in the consumer, ends the labs.
    """
    running = Running()
    with ThreadPoolExecutor(jobs, thread_name_prefix="lab") as pool:
        todo = [benchmark_job(name, samples, run_seconds, stop_above) for name in benchmarks]
        futures = [pool.submit(lab.measure, job, running) for job in todo]
        try:
            for future in futures:
                yield future.result()
        finally:
            for future in futures:
                future.cancel()
            running.stop()
