# SPDX-License-Identifier: MIT
"""Family `mpstate`: what a probe of a halted vCPU costs, and when it is right after an interrupt.

In `probe` and `right` the vCPU is halted outside KVM_RUN, as after a HLT exit or a restore,
and one thread does everything (`outside`). In `probe_inside` and `right_inside` it blocks in
KVM_RUN in another thread (`inside`).

`truth` measures no delay but what each way to look says of an event (`truth`, `events`).

Stages of `right` and `right_inside`: `raise` (KVM_SIGNAL_MSI) and `probe` (all probes up to the
first that says RUNNABLE). A method that never sees RUNNABLE is skipped with that reason.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from kbench._abi import lib
from kbench.catalogue import IdleWindow
from kbench.catalogue.policies import policy
from kbench.kvm import extension
from kbench.worker.idle.mpstate.inside import Inside
from kbench.worker.idle.mpstate.measurement import MpState
from kbench.worker.idle.mpstate.outside import Outside
from kbench.worker.idle.mpstate.truth import Truth
from kbench.worker.idle.windowed import WindowedMeasurement
from kbench.worker.vm import idle_vm

POLICY = policy("hlt")
NEEDS = {
    "poll": "KVM_KBENCH_VCPU_POLL",
    "eventfd": "KVM_KBENCH_VCPU_EVENTFD",
    "byte": "KVM_KBENCH_RUN_MP_STATE",
    "flag": "KVM_KBENCH_IDLE_FLAG",
}
WARMUP_PROBES = 4


@contextmanager
def prepare(benchmark: IdleWindow) -> Iterator[WindowedMeasurement]:
    """The VM and the measurement of an `mpstate` row, after a few probes that worked."""
    if benchmark.event == "truth":
        yield Truth(benchmark, POLICY)
        return
    with ExitStack() as stack:
        vm = stack.enter_context(idle_vm.build(POLICY, 1))
        fd = os.eventfd(0, os.EFD_CLOEXEC)
        stack.callback(os.close, fd)
        needs = NEEDS.get(benchmark.method)
        if needs:
            extension.require(vm.system, needs)
            extension.enable(vm.vcpus[0].vcpu, getattr(lib, needs), fd)
        measurement: MpState
        if benchmark.event.endswith("inside"):
            measurement = Inside(benchmark, vm, fd)
        else:
            os.set_blocking(fd, False)
            measurement = Outside(benchmark, vm, fd)
        stack.callback(measurement.close)
        measurement.warm_up(WARMUP_PROBES)
        yield measurement
