# SPDX-License-Identifier: MIT
"""What a benchmark's VM needs beside RAM and a vCPU, by the name the catalogue uses.

Each feature names its capability, is set up before the first entry, and says why where
this KVM lacks it.
"""

from collections.abc import Callable
from typing import NamedTuple

from kbench._abi import lib
from kbench.errors import Unavailable
from kbench.kvm import System, Vcpu, Vm

X86_RFLAGS_IF = 1 << 9


class Feature(NamedTuple):
    capability: str
    on: Callable[[Vm, Vcpu], None]


def _msr_filter(vm: Vm, vcpu: Vcpu) -> None:
    vm.exit_on_msr(lib.KB_MSR, 1)


def _step(vm: Vm, vcpu: Vcpu) -> None:
    vcpu.set_guest_debug(lib.KVM_GUESTDBG_ENABLE | lib.KVM_GUESTDBG_SINGLESTEP)


def _irq_window(vm: Vm, vcpu: Vcpu) -> None:
    vcpu.run.request_interrupt_window = 1


def _coalesced_mmio(vm: Vm, vcpu: Vcpu) -> None:
    # Nobody drains the ring: it fills during warm-up, and then each write exits
    # (virt/kvm/coalesced_mmio.c keeps one entry free).
    vm.register_coalesced_mmio(lib.KB_MMIO, 8)


FEATURES = {
    "msr_filter": Feature("KVM_CAP_X86_MSR_FILTER", _msr_filter),
    "step": Feature("KVM_CAP_SET_GUEST_DEBUG", _step),
    "irq_window": Feature("KVM_CAP_USER_MEMORY", _irq_window),
    "coalesced_mmio": Feature("KVM_CAP_COALESCED_MMIO", _coalesced_mmio),
}


def require(system: System, name: str) -> Feature:
    """The feature `name`. Raises Unavailable, naming the capability this KVM lacks."""
    feature = FEATURES[name]
    if not system.check_extension(feature.capability):
        raise Unavailable(f"this KVM has no {feature.capability}")
    return feature
