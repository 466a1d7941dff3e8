# SPDX-License-Identifier: MIT
"""A vCPU's first Hyper-V synthetic timer in direct mode: it counts 100 ns and raises a vector.

Registers and bits are those of the Hypervisor Top Level Functional Specification (synthetic
interrupt controller, timers). KVM starts a timer when the vCPU is entered after the write.
"""

from collections.abc import Sequence

from kbench._abi import ffi, lib
from kbench.errors import Unavailable
from kbench.kvm import Vcpu
from kbench.worker.vm.idle_vcpu import IdleVcpu
from kbench.worker.vm.idle_vm import IdleVm

HV_OS_ID, HV_REFERENCE, HV_CONTROL = 0x40000000, 0x40000020, 0x40000080
HV_TIMER, HV_COUNT = 0x400000B0, 0x400000B1
# In direct mode, with a vector; enabled by a write to its count, or at once.
BY_COUNT = 1 << 12 | lib.KB_VECTOR << 4 | 1 << 3
AT_ONCE = BY_COUNT | 1
UNIT_NS = 100


def enable(vm: IdleVm, vcpu: Vcpu) -> None:
    """Raises Unavailable where KVM has no synthetic timers."""
    if not vm.system.check_extension("KVM_CAP_HYPERV_SYNIC2"):
        raise Unavailable("this KVM has no KVM_CAP_HYPERV_SYNIC2")
    vcpu.enable_cap("KVM_CAP_HYPERV_SYNIC2")
    set_msrs(vcpu, {HV_OS_ID: 1, HV_CONTROL: 1})


def arm_once(vcpu: Vcpu, ns: int) -> None:
    """Let it fire in `ns`."""
    due = vcpu.get_msr(HV_REFERENCE) + ns // UNIT_NS
    set_msrs(vcpu, {HV_COUNT: due, HV_TIMER: AT_ONCE})


def plan(vm: IdleVm, idle: IdleVcpu, ticks: Sequence[int], tsc_khz: int) -> list[int]:
    """Let the guest arm it at each event for the next of these host TSC values.

    Returns when exactly that is: the timer counts the VM's clock, which KVM relates to the TSC.
    The vCPU has been entered; its first event has to be another one. Raises Unavailable where
    KVM's clock does not follow the TSC.
    """
    now = ffi.new("struct kvm_clock_data *")
    vm.vm.ioctl("KVM_GET_CLOCK", now)
    if not now.flags & lib.KVM_CLOCK_HOST_TSC:
        raise Unavailable("this KVM does not relate its clock to the TSC (KVM_CLOCK_HOST_TSC)")
    clock, tsc = int(now.clock), int(now.host_tsc)
    counts = [(clock + (tick - tsc) * 1_000_000 // tsc_khz) // UNIT_NS + 1 for tick in ticks]
    idle.plan(HV_COUNT, [0, *counts])
    set_msrs(idle.vcpu, {HV_TIMER: BY_COUNT})
    return [tsc + (count * UNIT_NS - clock) * tsc_khz // 1_000_000 for count in counts]


def set_msrs(vcpu: Vcpu, values: dict[int, int]) -> None:
    """Raises Unavailable where KVM does not take all of them."""
    if (count := vcpu.set_msrs(values)) != len(values):
        raise Unavailable(f"KVM took {count} of {len(values)} MSRs")
