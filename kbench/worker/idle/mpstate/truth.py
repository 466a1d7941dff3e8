# SPDX-License-Identifier: MIT
"""What stock KVM's ways to look at a halted vCPU say of an event, against what KVM_RUN then does.

A way is `right` where it says whether KVM_RUN runs the guest, `stale` where it says otherwise,
and it `changes` the state where the guest has other registers afterwards, or KVM_RUN does
something else than it had done without the look. Each look is at a VM of its own.

The histogram is of KVM_GET_MP_STATE while the event is pending.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from kbench._abi import ffi, lib
from kbench._native import mp_state_probe
from kbench._native.vcpu_thread import VcpuThread
from kbench.catalogue import IdleWindow
from kbench.catalogue.mpstate import LOOKS
from kbench.catalogue.policies import Policy
from kbench.errors import Unavailable
from kbench.kvm import IoctlError, Vcpu
from kbench.worker import threads
from kbench.worker.idle.mpstate.events import EVENTS, HaltEvent, one, send_init
from kbench.worker.idle.windowed import WindowedMeasurement
from kbench.worker.threads import Scheduling
from kbench.worker.vm import idle_vm
from kbench.worker.vm.idle_vm import IdleVm

RUN_SECONDS = 0.03  # of a KVM_RUN that may block: the first one in a thread waits for RCU
RUNNABLE, HALTED = lib.KVM_MP_STATE_RUNNABLE, lib.KVM_MP_STATE_HALTED
APIC_IRR, APIC_REGISTERS, APIC_STRIDE = 0x200, 8, 16  # the interrupt request register
REGISTERS = ("rip", "rflags", "rsp", "rdx")
NEVER_HALTED = "the guest did not halt"


@dataclass(frozen=True, slots=True)
class Entered:
    """What KVM_RUN did: idle rounds and events of the guest, reports, the registers after it."""

    rounds: int
    events: int
    exits: int

    @property
    def ran(self) -> bool:
        return bool(self.rounds or self.events or self.exits)


class Truth(WindowedMeasurement):
    """Looks at one event in every way, once; a run measures KVM_GET_MP_STATE `loops` times."""

    def __init__(self, benchmark: IdleWindow, policy: Policy) -> None:
        self._event, self._policy = EVENTS[benchmark.method], policy
        with self._pending() as vm:
            image, khz = vm.image_sha256, one(vm).get_tsc_khz()
            self._truth = entered(vm)
        super().__init__(benchmark, None, image, khz)
        self._words = {f"truth_{name}": self._word(look) for name, look in WAYS.items()}

    @contextmanager
    def _pending(self) -> Iterator[IdleVm]:
        """A VM whose vCPU 1 is halted outside KVM_RUN, with the event pending."""
        with idle_vm.build(self._policy, 2) as vm:
            halt(vm, self._event)
            self._event.fire(vm)
            yield vm

    def _word(self, look: Callable[[Vcpu], bool | None]) -> str:
        with self._pending() as vm:
            before = registers(one(vm))
            said = look(one(vm))
            # A look that is KVM_RUN may take the event's first step, as every KVM_RUN does.
            touched = registers(one(vm)) != before and look not in BY_KVM_RUN
            if touched or entered(vm) != self._truth:
                return "changes"
        return "right" if said in (None, self._truth.ran) else "stale"

    def run(self, loops: int) -> float:
        """Look `loops` times by KVM_GET_MP_STATE; the sum in ns."""
        before = self.histogram.total_ticks
        for _ in range(loops):
            with self._pending() as vm:
                self.record(mp_state_probe.cost(mp_state_probe.get(one(vm).fd), 1)[0])
        return self.histogram.nanoseconds(self.histogram.total_ticks - before)

    def marks(self) -> dict[str, str]:
        return self._words | {"truth": "runs" if self._truth.ran else "blocks"}

    def derived(self) -> dict[str, int | float]:
        return {}


def halt(vm: IdleVm, event: HaltEvent) -> None:
    """Let the guest of vCPU 1 come to its HLT. Raises Unavailable where it does not."""
    vcpu = vm.vcpus[1]
    vcpu.restart(lib.KB_IDLE_EOI)
    event.arm(vm)
    entered(vm)
    if not vcpu.area.rounds:
        raise Unavailable(NEVER_HALTED)
    if event.after_init:
        send_init(vm)
        entered(vm)
    else:
        vcpu.vcpu.set_mp_state(HALTED)


def entered(vm: IdleVm) -> Entered:
    """One KVM_RUN of vCPU 1 until it has blocked for a while."""
    vcpu = vm.vcpus[1]
    rounds, events = vcpu.area.rounds, vcpu.area.events
    thread = VcpuThread(vcpu.vcpu.fd, vcpu.vcpu.run_address, 64)

    def run() -> None:
        with vcpu.vcpu.in_thread():
            thread.run()

    cpus = threads.places(1)
    with threads.running(cpus.waker, [(Scheduling(cpus.vcpus[0].cpus), run)], thread.stop):
        time.sleep(RUN_SECONDS)
        reports = len(thread.stamps)  # without the kick that ends it
    return Entered(vcpu.area.rounds - rounds, vcpu.area.events - events, min(reports, 1))


def registers(vcpu: Vcpu) -> tuple[int, ...]:
    regs = vcpu.get_regs()
    return tuple(int(getattr(regs, name)) for name in REGISTERS)


def get(vcpu: Vcpu) -> bool:
    return bool(vcpu.get_mp_state() == RUNNABLE)


def immediate(vcpu: Vcpu) -> bool:
    """After a KVM_RUN with immediate_exit."""
    vcpu.run.immediate_exit = 1
    with suppress(IoctlError):  # EINTR
        vcpu.enter()
    vcpu.run.immediate_exit = 0
    return get(vcpu)


def kick(vcpu: Vcpu) -> bool:
    """After a KVM_RUN that begins with a signal pending."""
    probe = mp_state_probe.kick(vcpu.fd)
    vcpu.set_signal_mask(0)
    old = signal.pthread_sigmask(signal.SIG_BLOCK, {probe.signal})
    try:
        return bool(mp_state_probe.cost(probe, 1)[1])
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)


def events(vcpu: Vcpu) -> bool:
    """KVM_GET_VCPU_EVENTS: anything pending or injected."""
    found = vcpu.get_vcpu_events()
    kinds = found.exception, found.interrupt, found.nmi
    return any(kind.injected for kind in kinds) or bool(found.nmi.pending or found.smi.pending)


def lapic(vcpu: Vcpu) -> bool:
    """KVM_GET_LAPIC: any bit of the interrupt request register."""
    state = bytes(ffi.buffer(vcpu.get_lapic()))
    words = (state[APIC_IRR + n * APIC_STRIDE :][:4] for n in range(APIC_REGISTERS))
    return any(any(word) for word in words)


def set_runnable(vcpu: Vcpu) -> None:
    """KVM_SET_MP_STATE(RUNNABLE), which says nothing: what KVM_RUN does after it counts."""
    vcpu.set_mp_state(RUNNABLE)


WAYS: dict[str, Callable[[Vcpu], bool | None]] = {
    "get": get,
    "immediate": immediate,
    "kick": kick,
    "events": events,
    "lapic": lapic,
    "set": set_runnable,
}
BY_KVM_RUN = (kick,)
assert set(WAYS) == set(LOOKS)
