# SPDX-License-Identifier: MIT
"""What a benchmark's VM needs beside RAM and a vCPU, by the name the catalogue uses.

Each feature names its capability and says why where this KVM lacks it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from kbench._abi import lib
from kbench.errors import Unavailable
from kbench.kvm import System, extension
from kbench.worker.vm import pages

if TYPE_CHECKING:
    from kbench.worker.vm.machine import Machine

Step = Callable[["Machine"], None]

CPUID_1_ECX_MONITOR = 1 << 3
CPUID_1_ECX_TSC_DEADLINE = 1 << 24


def _nothing(machine: Machine) -> None:
    pass


class Feature(NamedTuple):
    """`before` runs before the vCPUs are made, `after` when they stand in their guest.

    `bits` of what KVM_CHECK_EXTENSION says of `capability` must be set, any when 0, and at
    least one of `either`.
    """

    capability: str
    before: Step = _nothing
    after: Step = _nothing
    bits: int = 0
    either: int = 0


def _msr_filter(machine: Machine) -> None:
    machine.vm.exit_on_msr(lib.KB_MSR, 1)


def _step(machine: Machine) -> None:
    machine.vcpus[0].set_guest_debug(lib.KVM_GUESTDBG_ENABLE | lib.KVM_GUESTDBG_SINGLESTEP)


def _irq_window(machine: Machine) -> None:
    machine.vcpus[0].run.request_interrupt_window = 1


def _coalesced_mmio(machine: Machine) -> None:
    # Nobody drains the ring: it fills during warm-up, and then each write exits
    # (virt/kvm/coalesced_mmio.c keeps one entry free).
    machine.vm.register_coalesced_mmio(lib.KB_MMIO, 8)


def _irqchip(machine: Machine) -> None:
    machine.vm.create_irqchip()


def _pit(machine: Machine) -> None:
    machine.vm.create_pit2()


def _cpuid_1_ecx(bit: int, machine: Machine) -> None:
    """Set a bit that KVM_GET_SUPPORTED_CPUID leaves to the VMM."""
    for entry in machine.cpuid.entries[0 : machine.cpuid.nent]:
        if entry.function == 1:
            entry.ecx |= bit


def _without_quirk(quirk: int, machine: Machine) -> None:
    machine.vm.enable_cap("KVM_CAP_DISABLE_QUIRKS2", quirk)


def _native_mwait(machine: Machine) -> None:
    machine.vm.enable_cap("KVM_CAP_X86_DISABLE_EXITS", lib.KVM_X86_DISABLE_EXITS_MWAIT)
    _cpuid_1_ecx(CPUID_1_ECX_MONITOR, machine)


def _cpu_each(machine: Machine) -> None:
    """vCPUs that spin for each other: two on one CPU would wait for the scheduler's tick."""
    cpus, vcpus = len(os.sched_getaffinity(0)), int(machine.params.vcpus)
    if cpus < vcpus:
        raise Unavailable(f"{vcpus} vCPUs that run at the same time need as many CPUs, not {cpus}")


def _user_exit(bit: int, machine: Machine) -> None:
    extension.write(machine.vcpus[0], lib.KVM_RUN_KBENCH_EXITS, bit)


def _pause_exit(machine: Machine) -> None:
    """M3 beside M1: by itself KVM intercepts no PAUSE, or what the pause filter counts."""
    vcpu = machine.vcpus[0]
    extension.enable(vcpu, lib.KVM_KBENCH_ENTRY_INTERCEPTS)
    extension.write(vcpu, lib.KVM_RUN_KBENCH_NATIVE, 0)
    _user_exit(lib.KVM_KBENCH_EXIT_PAUSE, machine)


def _ioeventfd(address: int, flags: int, machine: Machine) -> None:
    fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    machine.stack.callback(os.close, fd)
    machine.vm.ioeventfd(fd, address, 1, flags, lib.KB_DATAMATCH)


_PIO = lib.KVM_IOEVENTFD_FLAG_PIO
_MATCH = lib.KVM_IOEVENTFD_FLAG_DATAMATCH
_HYPERCALL = lib.KVM_X86_QUIRK_FIX_HYPERCALL_INSN
_MWAIT_UD = lib.KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS
_NATIVE = lib.KVM_X86_DISABLE_EXITS_MWAIT
_EXITS = lib.KVM_KBENCH_USERSPACE_EXITS
_POSTED = _EXITS | lib.KVM_KBENCH_RFC_V1

FEATURES = {
    "msr_filter": Feature("KVM_CAP_X86_MSR_FILTER", after=_msr_filter),
    "step": Feature("KVM_CAP_SET_GUEST_DEBUG", after=_step),
    "irq_window": Feature("KVM_CAP_USER_MEMORY", after=_irq_window),
    "coalesced_mmio": Feature("KVM_CAP_COALESCED_MMIO", after=_coalesced_mmio),
    "irqchip": Feature("KVM_CAP_IRQCHIP", _irqchip),
    "pit": Feature("KVM_CAP_PIT2", _pit),
    "tsc_deadline": Feature(
        "KVM_CAP_TSC_DEADLINE_TIMER", partial(_cpuid_1_ecx, CPUID_1_ECX_TSC_DEADLINE)
    ),
    # By default KVM rewrites the other vendor's hypercall instruction in guest memory.
    "own_hypercall": Feature(
        "KVM_CAP_DISABLE_QUIRKS2", partial(_without_quirk, _HYPERCALL), bits=_HYPERCALL
    ),
    "mwait_ud": Feature(
        "KVM_CAP_DISABLE_QUIRKS2", partial(_without_quirk, _MWAIT_UD), bits=_MWAIT_UD
    ),
    "mwait_cpuid": Feature("KVM_CAP_EXT_CPUID", partial(_cpuid_1_ecx, CPUID_1_ECX_MONITOR)),
    "mwait_native": Feature("KVM_CAP_X86_DISABLE_EXITS", _native_mwait, bits=_NATIVE),
    "exit_hlt": Feature(
        "KVM_CAP_KBENCH", _irqchip, partial(_user_exit, lib.KVM_KBENCH_EXIT_HLT), either=_POSTED
    ),
    "exit_mwait": Feature(
        "KVM_CAP_KBENCH", _irqchip, partial(_user_exit, lib.KVM_KBENCH_EXIT_MWAIT), either=_POSTED
    ),
    "exit_pause": Feature(
        "KVM_CAP_KBENCH", _irqchip, _pause_exit, bits=_EXITS | lib.KVM_KBENCH_ENTRY_INTERCEPTS
    ),
    "pio_wildcard": Feature("KVM_CAP_IOEVENTFD", partial(_ioeventfd, lib.KB_PORT_EVENTFD, _PIO)),
    "pio_datamatch": Feature(
        "KVM_CAP_IOEVENTFD", partial(_ioeventfd, lib.KB_PORT_EVENTFD, _PIO | _MATCH)
    ),
    "mmio_wildcard": Feature("KVM_CAP_IOEVENTFD", partial(_ioeventfd, lib.KB_MMIO, 0)),
    "mmio_datamatch": Feature("KVM_CAP_IOEVENTFD", partial(_ioeventfd, lib.KB_MMIO, _MATCH)),
    "cpu_each": Feature("KVM_CAP_USER_MEMORY", _cpu_each),
    "fresh_pages": Feature("KVM_CAP_SYNC_MMU", pages.fresh),
    "clean_pages": Feature("KVM_CAP_USER_MEMORY", pages.clean),
}


def require(system: System, name: str) -> Feature:
    """The feature `name`. Raises Unavailable, naming the capability this KVM lacks."""
    feature = FEATURES[name]
    value = system.check_extension(feature.capability)
    if not value:
        raise Unavailable(f"this KVM has no {feature.capability}")
    if value & feature.bits != feature.bits or (feature.either and not value & feature.either):
        missing = feature.bits or feature.either
        raise Unavailable(f"{feature.capability} is {value:#x} here, without {missing:#x}")
    return feature
