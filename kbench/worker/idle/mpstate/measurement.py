# SPDX-License-Identifier: MIT
"""What probes of a vCPU outside and inside KVM_RUN share."""

from abc import abstractmethod

from kbench._native import mp_state_probe
from kbench._native.mp_state_probe import MpStateProbe
from kbench.catalogue import IdleWindow
from kbench.errors import Unavailable
from kbench.kvm import Vcpu
from kbench.worker.idle.windowed import WindowedMeasurement
from kbench.worker.vm.idle_vm import IdleVm

SAYS_NOTHING = "it says nothing of a vCPU outside KVM_RUN: a halted one looks runnable"


class MpState(WindowedMeasurement):
    """Probes `loops` times a run, by one method."""

    events_per_loop = 1.0

    def __init__(self, benchmark: IdleWindow, vm: IdleVm) -> None:
        self.vm, self.idle_vcpu = vm, vm.vcpus[0]
        self.vcpu: Vcpu = self.idle_vcpu.vcpu
        self.method = benchmark.method
        self.raises = benchmark.event.startswith("right")
        self._message = vm.message_address("irq")
        self._stats = self.vcpu.get_stats_fd()
        self.blocking = mp_state_probe.stats(self._stats.fd, self._stats.offset("blocking"))
        super().__init__(benchmark, None, vm.image_sha256, self.vcpu.get_tsc_khz())

    def probe(self, probe: MpStateProbe, limit: int) -> None:
        """The event: one probe, or an interrupt and at most `limit` probes until RUNNABLE."""
        if not self.raises:
            ticks, runnable = mp_state_probe.cost(probe, 1)
            if runnable:
                raise Unavailable(SAYS_NOTHING)
            self.record(ticks)
            return
        raised, probed, number = mp_state_probe.until_runnable(
            probe, self.vm.vm.fd, self._message, limit
        )
        if not number:
            raise Unavailable(self.never())
        self.record([raised + probed])
        self.stage("raise", [raised])
        self.stage("probe", [probed])
        self.add("probes", number)
        self.add("probes_stale", number - 1)

    @abstractmethod
    def never(self) -> str:
        """Why no probe said RUNNABLE."""

    def derived(self) -> dict[str, int | float]:
        return {}

    def close(self) -> None:
        self._stats.close()


def probe_by(method: str, vcpu: Vcpu, eventfd: int) -> MpStateProbe | None:
    """The probe of `method`, where it takes only the vCPU or the eventfd."""
    match method:
        case "get":
            return mp_state_probe.get(vcpu.fd)
        case "poll":
            return mp_state_probe.poll(vcpu.fd)
        case "eventfd":
            return mp_state_probe.eventfd(eventfd)
        case "byte":
            return mp_state_probe.byte(vcpu.run_address)
        case "flag":
            return mp_state_probe.flag(vcpu.run_address)
    return None
