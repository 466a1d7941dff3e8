# SPDX-License-Identifier: MIT
"""The VM of a benchmark: memory, vCPUs in their guest, and what its features add."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from kbench._abi import lib
from kbench.catalogue import Benchmark
from kbench.guests import Image
from kbench.kvm import GuestMemory, System, Vcpu, Vm
from kbench.worker.vm.boot import boot
from kbench.worker.vm.features import require


@dataclass
class Machine:
    """A VM in the making. `stack` closes what a feature opens.

    `cpuid` is what the vCPUs will be given. `refresh`, where a feature sets it, has to be
    called before each round trip: it makes what the last one used up.
    """

    system: System
    vm: Vm
    memory: GuestMemory
    cpuid: Any
    stack: ExitStack
    vcpus: list[Vcpu] = field(default_factory=list)
    refresh: Callable[[], object] | None = None

    @property
    def params(self) -> Any:
        """The guest's struct kb_params, live."""
        return self.memory.struct("kb_params", lib.KB_PARAMS)


@contextmanager
def build(benchmark: Benchmark, image: Image) -> Iterator[Machine]:
    """The VM of `benchmark`, its vCPUs before their first instruction.

    Raises Unavailable or IoctlError where this KVM lacks what it takes. Everything is
    closed at the end, on every path.
    """
    with ExitStack() as stack:
        system = stack.enter_context(System())
        features = [require(system, name) for name in benchmark.features]
        memory = stack.enter_context(GuestMemory(lib.KB_MEMORY))
        vm = stack.enter_context(system.create_vm())
        vm.set_tss_addr()
        vm.set_user_memory_region(memory)
        machine = Machine(system, vm, memory, system.get_supported_cpuid(), stack)
        memory.write(image.base, image.data)
        machine.params.batch, machine.params.vcpus = benchmark.batch, benchmark.vcpus
        for feature in features:
            feature.before(machine)
        for index in range(benchmark.vcpus):
            vcpu = stack.enter_context(vm.create_vcpu(index))
            machine.vcpus.append(vcpu)
            vcpu.set_cpuid2(machine.cpuid)
            boot(vcpu, image.mode, index)
        for feature in features:
            feature.after(machine)
        yield machine
