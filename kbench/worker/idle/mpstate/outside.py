# SPDX-License-Identifier: MIT
"""Probes of a vCPU that is halted outside KVM_RUN: no thread runs it."""

import signal

from kbench._abi import lib
from kbench._native import mp_state_probe
from kbench.catalogue import IdleWindow
from kbench.errors import Unavailable
from kbench.worker.idle.mpstate.measurement import SAYS_NOTHING, MpState, probe_by
from kbench.worker.vm.idle_vm import IdleVm

MAX_PROBES = 1_000  # until an answer counts as never right: nothing else happens meanwhile
RFLAGS_IF = 1 << 9
NEVER = "after the interrupt it still says HALTED, in {} probes; {} a KVM_RUN it says RUNNABLE"


class Outside(MpState):
    """Probes of a vCPU that the measuring thread halts with KVM_SET_MP_STATE."""

    def __init__(self, benchmark: IdleWindow, vm: IdleVm, eventfd: int) -> None:
        super().__init__(benchmark, vm)
        self._kick = mp_state_probe.kick(self.vcpu.fd)
        if self.method == "kick":
            self._probe = self._kick
        else:
            self._probe = probe_by(self.method, self.vcpu, eventfd) or self.blocking
        self.idle_vcpu.restart(lib.KB_IDLE_EOI)
        regs = self.vcpu.get_regs()
        regs.rflags |= RFLAGS_IF  # else the interrupt would not end the halt
        self.vcpu.set_regs(regs)
        self.vcpu.set_signal_mask(0)

    def run(self, loops: int) -> float:
        """Probe `loops` times; the sum in ns."""
        before = self.histogram.total_ticks
        old = signal.pthread_sigmask(signal.SIG_BLOCK, {self._kick.signal})
        try:
            for _ in range(loops):
                self.vcpu.set_lapic(self.idle_vcpu.lapic)  # nothing pending
                self.vcpu.set_mp_state(lib.KVM_MP_STATE_HALTED)
                mp_state_probe.cost(self._probe, 1)  # reads an eventfd empty
                if self.raises and mp_state_probe.cost(self._probe, 1)[1]:
                    raise Unavailable(SAYS_NOTHING)
                self.probe(self._probe, MAX_PROBES)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, old)
        return self.histogram.nanoseconds(self.histogram.total_ticks - before)

    def never(self) -> str:
        _, runnable = mp_state_probe.cost(self._kick, 1)
        return NEVER.format(f"{MAX_PROBES:,}", "after" if runnable else "not even after")
