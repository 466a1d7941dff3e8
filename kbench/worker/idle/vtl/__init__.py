# SPDX-License-Identifier: MIT
"""Family `vtl`: two vCPUs on shared memory stand for VTL0 and VTL1 of one virtual processor.

One thread runs one of them at a time. A device interrupts VTL1 at random times (open loop).
The methods are how that thread learns of it:

kick      the VMM reads the device's eventfd, sends the MSI and kicks the thread
flag      the same, but it kicks only a VTL0 that idle_flag shows in HLT; else the next HLT exits
eventfd   the device's eventfd is an irqfd; vcpu_poll signals another one, which the VMM reads
poll      the same with epoll(7) of VTL1's vCPU

device    the processor's thread itself waits for the device's eventfd and sends the MSI: HLT exits
          (userspace_exits), and nothing else of the extension is needed

In the events `..._ipi` a third vCPU sends VTL1 an IPI, in `..._stimer` VTL1's own synthetic timer
(Hyper-V, direct mode) fires: only KVM knows of either. In `call` the
thread does nothing but switch: each VTL_CALL and VTL_RETURN is an exit (`calls`). With `_state` it
also moves, at each switch, the registers and the FPU state that the VTLs share.

With a halted VTL0, `eventfd` and `poll` need no other thread and no signal: HLT exits
(userspace_exits), and the processor's thread waits for both vCPUs.

Stages of `enter`: `late` (planned -> written), `tell` (-> a thread of the VMM knows), `stop`
(-> VTL0 has left KVM_RUN), `start` (-> VTL1's handler runs). Where a VTL0 that runs shares the
waker's pCPU, `kick` (-> the waker's write has returned, the VMM's thread has sent the kick and
sleeps) and `leave` (-> the waker has gone to sleep) come before `stop`. Stages of `return`: `exit`
(VTL1's OUT -> userspace) and `entry` (-> VTL0's next instruction).
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from kbench._abi import lib
from kbench.catalogue import IdleWindow
from kbench.catalogue.policies import policy
from kbench.catalogue.vtl import MOVES
from kbench.kvm import extension
from kbench.worker.idle.vtl.calls import VtlCalls
from kbench.worker.idle.vtl.measurement import Vtl
from kbench.worker.idle.windowed import WARMUP_EVENTS, WindowedMeasurement
from kbench.worker.vm import idle_vm

HALTED, RUNNING = policy("hlt"), policy("spin")
EXITS = "KVM_KBENCH_USERSPACE_EXITS"
NEEDS = {
    "device": EXITS,
    "eventfd": "KVM_KBENCH_VCPU_EVENTFD",
    "poll": "KVM_KBENCH_VCPU_POLL",
    "flag": "KVM_KBENCH_IDLE_FLAG",
}


@contextmanager
def prepare(benchmark: IdleWindow) -> Iterator[WindowedMeasurement]:
    """The VM and the measurement of a `vtl` row, after a few switches that worked."""
    with ExitStack() as stack:
        event = benchmark.event.removesuffix(MOVES)
        row = HALTED if event.startswith("enter_idle") else RUNNING
        vcpus, hyperv = 3 if event.endswith("ipi") else 2, event.endswith("stimer")
        vm = stack.enter_context(idle_vm.build(row, vcpus, hyperv=hyperv))
        needs = NEEDS.get(benchmark.method)
        if needs:
            extension.require(vm.system, needs, *([EXITS] if row is HALTED else []))
        bit = getattr(lib, needs) if needs and needs != EXITS else 0
        make = VtlCalls if event == "call" else Vtl
        measurement: WindowedMeasurement = make(benchmark, vm, stack, bit)
        measurement.warm_up(WARMUP_EVENTS)
        yield measurement
