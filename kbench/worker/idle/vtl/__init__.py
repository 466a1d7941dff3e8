# SPDX-License-Identifier: MIT
"""Family `vtl`: two vCPUs on shared memory stand for VTL0 and VTL1 of one virtual processor.

One thread runs one of them at a time. A device interrupts VTL1 at random times (open loop).
The methods are how that thread learns of it:

kick      the VMM reads the device's eventfd, sends the MSI and kicks the thread
flag      the same, but it kicks only a VTL0 that idle_flag shows in HLT; else the next HLT exits
eventfd   the device's eventfd is an irqfd; vcpu_poll signals another one, which the VMM reads
poll      the same with epoll(7) of VTL1's vCPU

With a halted VTL0, `eventfd` and `poll` need no other thread and no signal: HLT exits
(userspace_exits), and the processor's thread waits for both vCPUs.

Stages of `enter`: `late` (planned -> written), `tell` (-> a thread of the VMM knows), `stop`
(-> VTL0 has left KVM_RUN), `start` (-> VTL1's handler runs). Stages of `return`: `exit` (VTL1's
OUT -> userspace) and `entry` (-> VTL0's next instruction).
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from kbench._abi import lib
from kbench.catalogue import IdleWindow
from kbench.catalogue.policies import policy
from kbench.kvm import extension
from kbench.worker.idle.vtl.measurement import Vtl
from kbench.worker.idle.windowed import WARMUP_EVENTS
from kbench.worker.vm import idle_vm

HALTED, RUNNING = policy("hlt"), policy("spin")
NEEDS = {
    "eventfd": "KVM_KBENCH_VCPU_EVENTFD",
    "poll": "KVM_KBENCH_VCPU_POLL",
    "flag": "KVM_KBENCH_IDLE_FLAG",
}
EXITS = "KVM_KBENCH_USERSPACE_EXITS"


@contextmanager
def prepare(benchmark: IdleWindow) -> Iterator[Vtl]:
    """The VM and the measurement of a `vtl` row, after a few switches that worked."""
    with ExitStack() as stack:
        row = HALTED if benchmark.event == "enter_idle" else RUNNING
        vm = stack.enter_context(idle_vm.build(row, 2))
        needs = NEEDS.get(benchmark.method)
        for name in [needs, *([EXITS] if row is HALTED else [])] if needs else []:
            extension.require(vm.system, getattr(lib, name), name)
        measurement = Vtl(benchmark, vm, stack, getattr(lib, needs) if needs else 0)
        measurement.warm_up(WARMUP_EVENTS)
        yield measurement
