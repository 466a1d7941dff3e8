# SPDX-License-Identifier: MIT
"""A vCPU: its registers, its state, and struct kvm_run, which it shares with the kernel."""

import mmap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from kbench._abi import ffi, lib
from kbench.kvm.handle import Handle
from kbench.kvm.stats import Stats


class Vcpu(Handle):
    """A vCPU file descriptor with its struct kvm_run (`run`, at `run_address`)."""

    def __init__(self, fd: int, run_size: int) -> None:
        super().__init__(fd)
        try:
            self._map = mmap.mmap(fd, run_size, mmap.MAP_SHARED)
        except OSError:
            super().close()
            raise
        self._view = ffi.from_buffer(self._map)
        self.run: Any = ffi.cast("struct kvm_run *", self._view)
        self.run_address = int(ffi.cast("uintptr_t", self._view))

    def close(self) -> None:
        if not self._map.closed:
            ffi.release(self._view)
            with suppress(BufferError):  # see in_thread()
                self._map.close()
        super().close()

    @contextmanager
    def in_thread(self) -> Iterator[None]:
        """Keep kvm_run mapped while another thread runs this vCPU.

        close() then leaves it mapped: a thread that did not return from KVM_RUN in time, and
        was abandoned, still writes to it when it returns.
        """
        with memoryview(self._map):
            yield

    def enter(self) -> None:
        """KVM_RUN once, untimed; the exit is in `run.exit_reason`."""
        self.ioctl("KVM_RUN")

    def _get(self, name: str, struct: str) -> Any:
        value = ffi.new(f"struct {struct} *")
        self.ioctl(name, value)
        return value

    def get_regs(self) -> Any:
        return self._get("KVM_GET_REGS", "kvm_regs")

    def set_regs(self, regs: Any) -> None:
        self.ioctl("KVM_SET_REGS", regs)

    def get_sregs(self) -> Any:
        return self._get("KVM_GET_SREGS", "kvm_sregs")

    def set_sregs(self, sregs: Any) -> None:
        self.ioctl("KVM_SET_SREGS", sregs)

    # KVM_CAP_EXT_CPUID
    def set_cpuid2(self, cpuid: Any) -> None:
        """Set the guest's CPUID leaves, as System.get_supported_cpuid() returns them."""
        self.ioctl("KVM_SET_CPUID2", cpuid)

    def get_msr(self, index: int) -> int:
        msrs = ffi.new("struct kvm_msrs *", {"nmsrs": 1, "entries": [{"index": index}]})
        self.ioctl("KVM_GET_MSRS", msrs)
        return int(msrs.entries[0].data)

    def set_msrs(self, values: Mapping[int, int]) -> int:
        """Set these MSRs; the number that KVM accepted, in order."""
        entries = [{"index": index, "data": data} for index, data in values.items()]
        msrs = ffi.new("struct kvm_msrs *", {"nmsrs": len(entries), "entries": entries})
        return self.ioctl("KVM_SET_MSRS", msrs)

    # KVM_CAP_MP_STATE
    def get_mp_state(self) -> int:
        """KVM_MP_STATE_*; blocks while another thread runs this vCPU (vcpu->mutex)."""
        return int(self._get("KVM_GET_MP_STATE", "kvm_mp_state").mp_state)

    # KVM_CAP_MP_STATE
    def set_mp_state(self, state: int) -> None:
        self.ioctl("KVM_SET_MP_STATE", ffi.new("struct kvm_mp_state *", {"mp_state": state}))

    def set_signal_mask(self, blocked: int) -> None:
        """Block exactly these signals (bit n: signal n + 1) during KVM_RUN."""
        mask = ffi.new(
            "struct kvm_signal_mask *", {"len": 8, "sigset": blocked.to_bytes(8, "little")}
        )
        self.ioctl("KVM_SET_SIGNAL_MASK", mask)

    # KVM_CAP_VCPU_EVENTS
    def get_vcpu_events(self) -> Any:
        return self._get("KVM_GET_VCPU_EVENTS", "kvm_vcpu_events")

    # KVM_CAP_VCPU_EVENTS
    def set_vcpu_events(self, events: Any) -> None:
        self.ioctl("KVM_SET_VCPU_EVENTS", events)

    # KVM_CAP_SET_GUEST_DEBUG
    def set_guest_debug(self, control: int) -> None:
        """KVM_GUESTDBG_* flags; 0 turns debugging off."""
        self.ioctl("KVM_SET_GUEST_DEBUG", ffi.new("struct kvm_guest_debug *", {"control": control}))

    # KVM_CAP_IRQCHIP
    def get_lapic(self) -> Any:
        return self._get("KVM_GET_LAPIC", "kvm_lapic_state")

    # KVM_CAP_IRQCHIP
    def set_lapic(self, lapic: Any) -> None:
        self.ioctl("KVM_SET_LAPIC", lapic)

    # No KVM_CAP_IRQCHIP: the VMM's own interrupt controller injects
    def interrupt(self, vector: int) -> None:
        self.ioctl("KVM_INTERRUPT", ffi.new("struct kvm_interrupt *", {"irq": vector}))

    # KVM_CAP_USER_NMI
    def nmi(self) -> None:
        self.ioctl("KVM_NMI")

    # KVM_CAP_GET_TSC_KHZ
    def get_tsc_khz(self) -> int:
        """The guest's TSC frequency in kHz, which is the host's unless it was changed."""
        return self.ioctl("KVM_GET_TSC_KHZ")

    # KVM_CAP_VCPU_ATTRIBUTES (Linux 5.16)
    def set_tsc_offset(self, offset: int) -> None:
        """Set how many ticks this vCPU's TSC is ahead of the host's."""
        value = ffi.new("uint64_t *", offset % (1 << 64))
        attribute = ffi.new("struct kvm_device_attr *")
        attribute.group, attribute.attr = lib.KVM_VCPU_TSC_CTRL, lib.KVM_VCPU_TSC_OFFSET
        attribute.addr = int(ffi.cast("uintptr_t", value))
        self.ioctl("KVM_SET_DEVICE_ATTR", attribute)

    # KVM_CAP_BINARY_STATS_FD (Linux 5.14)
    def get_stats_fd(self) -> Stats:
        return Stats(self.ioctl("KVM_GET_STATS_FD"))
