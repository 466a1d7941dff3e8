# SPDX-License-Identifier: MIT
"""VTL_CALL: VTL0 calls VTL1 again and again, each call and each return an exit to userspace.

The guests take the stamps: the last one of VTL0 before its exit, the first one of VTL1 when it
goes on. Stages of a call: `exit` (VTL0's OUT -> userspace) and `entry` (-> VTL1's next
instruction, the moving of state included).
"""

from contextlib import ExitStack

from kbench._abi import ffi, lib
from kbench._native.vtl import VirtualProcessor
from kbench.catalogue import IdleWindow
from kbench.catalogue.vtl import MOVES
from kbench.worker import errors
from kbench.worker.idle.vtl.measurement import LEFT
from kbench.worker.idle.window import STAMP_CAPACITY, check_events
from kbench.worker.idle.windowed import WindowedMeasurement
from kbench.worker.vm.idle_vcpu import IdleVcpu
from kbench.worker.vm.idle_vm import IdleVm

WARM = 8  # the first calls of a run, which are not counted


class VtlCalls(WindowedMeasurement):
    """Calls VTL1 `loops` times a run; nothing but the two vCPUs runs."""

    events_per_loop = 1.0

    def __init__(self, benchmark: IdleWindow, vm: IdleVm, stack: ExitStack, bit: int) -> None:
        self._vm = vm
        self._zero, self._one = vm.vcpus
        zero, one = self._zero.vcpu, self._one.vcpu
        self._processor = VirtualProcessor(zero.fd, zero.run_address, STAMP_CAPACITY)
        self._processor.vtl1(one.fd, one.run_address)
        if benchmark.event.endswith(MOVES):
            self._processor.move_state()
        super().__init__(benchmark, None, vm.image_sha256, zero.get_tsc_khz())

    def run(self, loops: int) -> float:
        """Call it `loops` times; the sum in ns."""
        check_events(WARM + loops)
        self._zero.restart(lib.KB_IDLE_CALLER)
        self._one.restart(lib.KB_IDLE_VTL1)
        self._processor.reset()
        self._processor.calls(WARM + loops)
        self._check()
        before = self.histogram.total_ticks
        left = self._processor.stamps_of(LEFT)
        # VTL1 first comes to its VTL_RETURN without a call.
        calls, goes_on = stamps(self._zero, len(left)), stamps(self._one, len(left) + 1)[1:]
        for n in range(WARM, len(left)):
            self.record([goes_on[n] - calls[n]])
            self.stage("exit", [left[n] - calls[n]])
            self.stage("entry", [goes_on[n] - left[n]])
        self.add("events_due", loops)
        self.add("events_handled", len(left) - WARM)
        return self.histogram.nanoseconds(self.histogram.total_ticks - before)

    def _check(self) -> None:
        error, reason, unexpected = self._processor.failure
        vcpus = self._zero.vcpu, self._one.vcpu
        if unexpected:
            vcpu = next(each for each in vcpus if each.run.exit_reason == reason)
            raise errors.unexpected_exit("VTL_CALL or VTL_RETURN", vcpu, self._vm.memory)
        if error:
            raise errors.failed_entry(error, vcpus[0])

    def derived(self) -> dict[str, int | float]:
        return {}


def stamps(vcpu: IdleVcpu, count: int) -> list[int]:
    """The first `count` stamps of a VTL that leaves by itself, in ticks of the host's TSC."""
    return [vcpu.host_tick(tick) for tick in ffi.unpack(vcpu.area.plan, count)]
