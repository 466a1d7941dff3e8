# SPDX-License-Identifier: MIT
"""The one way to build a VM: memory, a guest image, vCPUs at its first instruction."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from kbench._abi import lib
from kbench.guests import Image
from kbench.kvm import GuestMemory, System, Vcpu, Vm
from kbench.worker.vm.boot import boot

# CPUID.1:ECX bits that KVM_GET_SUPPORTED_CPUID leaves to the VMM (api.rst).
CPUID_MONITOR, CPUID_X2APIC, CPUID_TSC_DEADLINE = 1 << 3, 1 << 21, 1 << 24
# Hypervisor Top Level Functional Specification, feature discovery; KVM's own features elsewhere.
CPUID_HYPERV_INTERFACE = 0x40000001
HYPERV_SIGNATURE = int.from_bytes(b"Hv#1", "little")


@dataclass
class GuestVm:
    """A VM with a guest image in it. The steps of build() extend it.

    `cpuid` is what the vCPUs will be given. `stack` closes what a step opens. `refresh`,
    where a step sets it, must be called before each round trip: it restores what the last
    one used up.
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

    def set_cpuid_1_ecx(self, bits: int) -> None:
        """Set `bits` of CPUID.1:ECX for the vCPUs to come."""
        for entry in self.cpuid.entries[0 : self.cpuid.nent]:
            if entry.function == 1:
                entry.ecx |= bits

    def set_cpuid_hyperv(self) -> None:
        """Show the vCPUs to come Hyper-V: without that KVM refuses guests its synthetic MSRs."""
        for entry in self.cpuid.entries[0 : self.cpuid.nent]:
            if entry.function == CPUID_HYPERV_INTERFACE:
                entry.eax = HYPERV_SIGNATURE


Step = Callable[[GuestVm], object]


@contextmanager
def build(
    system: System,
    image: Image,
    vcpus: int = 1,
    *,
    before: Sequence[Step] = (),
    after: Sequence[Step] = (),
) -> Iterator[GuestVm]:
    """A VM whose `vcpus` vCPUs are about to execute the first instruction of `image`.

    The steps `before` run before the vCPUs are created, those `after` when they are ready.
    Raises Unavailable or IoctlError where this KVM lacks what a step takes. Everything is
    closed at the end, on every path.
    """
    with ExitStack() as stack:
        memory = stack.enter_context(GuestMemory(lib.KB_MEMORY))
        vm = stack.enter_context(system.create_vm())
        vm.set_tss_addr()
        vm.set_user_memory_region(memory)
        memory.write(image.base, image.data)
        guest_vm = GuestVm(system, vm, memory, system.get_supported_cpuid(), stack)
        for step in before:
            step(guest_vm)
        for index in range(vcpus):
            vcpu = stack.enter_context(vm.create_vcpu(index))
            guest_vm.vcpus.append(vcpu)
            vcpu.set_cpuid2(guest_vm.cpuid)
            boot(vcpu, image.mode, index)
        for step in after:
            step(guest_vm)
        yield guest_vm
