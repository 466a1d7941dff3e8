# SPDX-License-Identifier: MIT
"""What a benchmark's VM needs besides RAM and vCPUs, by the name that the catalogue uses."""

import os
from functools import partial
from typing import NamedTuple

from kbench._abi import lib
from kbench.errors import Unavailable
from kbench.kvm import System, extension
from kbench.kvm.backend import vendor_module
from kbench.worker.vm import pages
from kbench.worker.vm.guest_vm import CPUID_MONITOR, CPUID_TSC_DEADLINE, GuestVm, Step


def _nothing(guest_vm: GuestVm) -> None:
    pass


class Feature(NamedTuple):
    """Steps of vm.guest_vm.build(), and the capability that they take.

    KVM_CHECK_EXTENSION of `capability` must be > 0, with all of `bits` set. `mechanisms` are
    those of the extension (KVM_KBENCH_*); what is `posted` the RFC as posted has as well.
    """

    capability: str
    before: Step = _nothing
    after: Step = _nothing
    bits: int = 0
    mechanisms: tuple[str, ...] = ()
    posted: bool = False


def _msr_filter(guest_vm: GuestVm) -> None:
    guest_vm.vm.exit_on_msr(lib.KB_MSR, 1)


def _step(guest_vm: GuestVm) -> None:
    guest_vm.vcpus[0].set_guest_debug(lib.KVM_GUESTDBG_ENABLE | lib.KVM_GUESTDBG_SINGLESTEP)


def _irq_window(guest_vm: GuestVm) -> None:
    guest_vm.vcpus[0].run.request_interrupt_window = 1


def _coalesced_mmio(guest_vm: GuestVm) -> None:
    # The ring is never drained: it fills during warm-up, and then each write exits
    # (virt/kvm/coalesced_mmio.c keeps one entry free).
    guest_vm.vm.register_coalesced_mmio(lib.KB_MMIO, 8)


def _irqchip(guest_vm: GuestVm) -> None:
    guest_vm.vm.create_irqchip()


def _pit(guest_vm: GuestVm) -> None:
    guest_vm.vm.create_pit2()


def _cpuid_1_ecx(bit: int, guest_vm: GuestVm) -> None:
    guest_vm.set_cpuid_1_ecx(bit)


def _without_quirk(quirk: int, guest_vm: GuestVm) -> None:
    guest_vm.vm.enable_cap("KVM_CAP_DISABLE_QUIRKS2", quirk)


def _native_mwait(guest_vm: GuestVm) -> None:
    guest_vm.vm.enable_cap("KVM_CAP_X86_DISABLE_EXITS", lib.KVM_X86_DISABLE_EXITS_MWAIT)
    _cpuid_1_ecx(CPUID_MONITOR, guest_vm)


def _pcpu_each(guest_vm: GuestVm) -> None:
    """vCPUs that spin for each other: two on one pCPU would wait for the scheduler's tick."""
    cpus, vcpus = len(os.sched_getaffinity(0)), int(guest_vm.params.vcpus)
    if cpus < vcpus:
        raise Unavailable(f"{vcpus} vCPUs that run at the same time need as many CPUs, not {cpus}")


def _user_exit(bit: int, mechanisms: tuple[str, ...], guest_vm: GuestVm) -> None:
    """Exits of userspace_exits; the RFC has no switch."""
    on = extension.bits(mechanisms)
    if on & extension.mechanisms(guest_vm.system):
        extension.enable(guest_vm.vcpus[0], on)
    extension.write(guest_vm.vcpus[0], lib.KVM_RUN_KBENCH_EXITS, bit)


def _pause_exit(guest_vm: GuestVm) -> None:
    """Stock KVM intercepts no PAUSE, or only what the pause filter counts; on VMX only a loop."""
    if vendor_module() == "kvm_intel":
        raise Unavailable(
            "the extension exits on VMX by pause-loop exiting: on a loop of PAUSE, not on one"
        )
    _user_exit(lib.KVM_KBENCH_EXIT_PAUSE, _EXITS_OF_PAUSE, guest_vm)
    extension.write(guest_vm.vcpus[0], lib.KVM_RUN_KBENCH_NATIVE, 0)


def _ioeventfd(address: int, flags: int, guest_vm: GuestVm) -> None:
    fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    guest_vm.stack.callback(os.close, fd)
    guest_vm.vm.ioeventfd(fd, address, 1, flags, lib.KB_DATAMATCH)


_PIO = lib.KVM_IOEVENTFD_FLAG_PIO
_MATCH = lib.KVM_IOEVENTFD_FLAG_DATAMATCH
_HYPERCALL = lib.KVM_X86_QUIRK_FIX_HYPERCALL_INSN
_MWAIT_UD = lib.KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS
_NATIVE = lib.KVM_X86_DISABLE_EXITS_MWAIT
_EXITS = ("KVM_KBENCH_USERSPACE_EXITS",)
_EXITS_OF_PAUSE = (*_EXITS, "KVM_KBENCH_ENTRY_INTERCEPTS")

FEATURES = {
    "msr_filter": Feature("KVM_CAP_X86_MSR_FILTER", after=_msr_filter),
    "step": Feature("KVM_CAP_SET_GUEST_DEBUG", after=_step),
    "irq_window": Feature("KVM_CAP_USER_MEMORY", after=_irq_window),
    "coalesced_mmio": Feature("KVM_CAP_COALESCED_MMIO", after=_coalesced_mmio),
    "irqchip": Feature("KVM_CAP_IRQCHIP", _irqchip),
    "pit": Feature("KVM_CAP_PIT2", _pit),
    "tsc_deadline": Feature(
        "KVM_CAP_TSC_DEADLINE_TIMER", partial(_cpuid_1_ecx, CPUID_TSC_DEADLINE)
    ),
    # By default KVM patches the other vendor's hypercall instruction in guest memory.
    "own_hypercall": Feature(
        "KVM_CAP_DISABLE_QUIRKS2", partial(_without_quirk, _HYPERCALL), bits=_HYPERCALL
    ),
    "mwait_ud": Feature(
        "KVM_CAP_DISABLE_QUIRKS2", partial(_without_quirk, _MWAIT_UD), bits=_MWAIT_UD
    ),
    "mwait_cpuid": Feature("KVM_CAP_EXT_CPUID", partial(_cpuid_1_ecx, CPUID_MONITOR)),
    "mwait_native": Feature("KVM_CAP_X86_DISABLE_EXITS", _native_mwait, bits=_NATIVE),
    "exit_hlt": Feature(
        *("KVM_CAP_IRQCHIP", _irqchip, partial(_user_exit, lib.KVM_KBENCH_EXIT_HLT, _EXITS)),
        mechanisms=_EXITS,
        posted=True,
    ),
    "exit_mwait": Feature(
        *("KVM_CAP_IRQCHIP", _irqchip, partial(_user_exit, lib.KVM_KBENCH_EXIT_MWAIT, _EXITS)),
        mechanisms=_EXITS,
        posted=True,
    ),
    "exit_pause": Feature("KVM_CAP_IRQCHIP", _irqchip, _pause_exit, mechanisms=_EXITS_OF_PAUSE),
    "pio_wildcard": Feature("KVM_CAP_IOEVENTFD", partial(_ioeventfd, lib.KB_PORT_EVENTFD, _PIO)),
    "pio_datamatch": Feature(
        "KVM_CAP_IOEVENTFD", partial(_ioeventfd, lib.KB_PORT_EVENTFD, _PIO | _MATCH)
    ),
    "mmio_wildcard": Feature("KVM_CAP_IOEVENTFD", partial(_ioeventfd, lib.KB_MMIO, 0)),
    "mmio_datamatch": Feature("KVM_CAP_IOEVENTFD", partial(_ioeventfd, lib.KB_MMIO, _MATCH)),
    "pcpu_each": Feature("KVM_CAP_USER_MEMORY", _pcpu_each),
    "fresh_pages": Feature("KVM_CAP_SYNC_MMU", pages.fresh),
    "clean_pages": Feature("KVM_CAP_USER_MEMORY", pages.clean),
}


def require(system: System, name: str) -> Feature:
    """The feature `name`. Raises Unavailable, naming what this KVM lacks for it."""
    feature = FEATURES[name]
    value = system.check_extension(feature.capability)
    if not value:
        raise Unavailable(f"this KVM has no {feature.capability}")
    if value & feature.bits != feature.bits:
        raise Unavailable(f"{feature.capability} is {value:#x} here, without {feature.bits:#x}")
    if not (feature.posted and extension.mechanisms(system) & lib.KVM_KBENCH_RFC_V1):
        extension.require(system, *feature.mechanisms)
    return feature
