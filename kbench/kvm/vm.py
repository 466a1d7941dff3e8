# SPDX-License-Identifier: MIT
"""A VM: its memory, its interrupt controllers, and how to interrupt it from outside."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from kbench._abi import ffi, lib
from kbench.kvm.handle import Handle
from kbench.kvm.memory import GuestMemory
from kbench.kvm.stats import Stats
from kbench.kvm.vcpu import Vcpu


@dataclass(frozen=True, slots=True)
class Msi:
    """A message-signalled interrupt: the data a device would write, and the address."""

    data: int
    address: int = 0xFEE00000


@dataclass(frozen=True, slots=True)
class IrqchipPin:
    """An input of an in-kernel interrupt controller (KVM_IRQCHIP_PIC_*, KVM_IRQCHIP_IOAPIC)."""

    irqchip: int
    pin: int


class Vm(Handle):
    """A VM file descriptor. Close its vCPUs and memory after it or with it."""

    def __init__(self, fd: int, run_size: int) -> None:
        super().__init__(fd)
        self._run_size = run_size
        self._slots = 0

    def check_extension(self, name: str) -> int:
        """KVM_CHECK_EXTENSION of the VM, which may differ from the system's."""
        return self.ioctl("KVM_CHECK_EXTENSION", getattr(lib, name))

    def create_vcpu(self, index: int = 0) -> Vcpu:
        return Vcpu(self.ioctl("KVM_CREATE_VCPU", index), self._run_size)

    # KVM_CAP_USER_MEMORY
    def set_user_memory_region(self, memory: GuestMemory, flags: int = 0) -> int:
        """Map `memory` into the guest in a new memslot; the number of that slot."""
        region = ffi.new("struct kvm_userspace_memory_region *")
        region.slot, self._slots = self._slots, self._slots + 1
        region.flags = flags
        region.guest_phys_addr = memory.base
        region.memory_size = memory.size
        region.userspace_addr = memory.address
        self.ioctl("KVM_SET_USER_MEMORY_REGION", region)
        return int(region.slot)

    # KVM_CAP_USER_MEMORY
    def get_dirty_log(self, slot: int, size: int) -> bytes:
        """A bit for each page of the slot (`size` bytes) written since the last call.

        It also write-protects the pages again, so the next write to each is logged.
        """
        bitmap = ffi.new("uint64_t[]", (size // 4096 + 63) // 64)
        log = ffi.new("struct kvm_dirty_log *", {"slot": slot, "dirty_bitmap": bitmap})
        self.ioctl("KVM_GET_DIRTY_LOG", log)
        return bytes(ffi.buffer(bitmap))

    # KVM_CAP_SET_TSS_ADDR
    def set_tss_addr(self, address: int = 0xFFFBD000) -> None:
        """Reserve the three pages that VMX without unrestricted guest needs for real mode."""
        self.ioctl("KVM_SET_TSS_ADDR", address)

    # KVM_CAP_IRQCHIP
    def create_irqchip(self) -> None:
        """PIC, IOAPIC and a LAPIC for each vCPU, in the kernel; before the first vCPU."""
        self.ioctl("KVM_CREATE_IRQCHIP")

    # KVM_CAP_PIT2
    def create_pit2(self) -> None:
        self.ioctl("KVM_CREATE_PIT2", ffi.new("struct kvm_pit_config *"))

    # KVM_CAP_IRQCHIP
    def irq_line(self, gsi: int, level: bool) -> None:
        line = ffi.new("struct kvm_irq_level *", {"irq": gsi, "level": level})
        self.ioctl("KVM_IRQ_LINE", line)

    # KVM_CAP_IRQCHIP
    def set_ioapic_entry(self, pin: int, entry: int) -> None:
        """Program one redirection table entry (Intel 82093AA, 3.2.4), as a guest would."""
        chip = ffi.new("struct kvm_irqchip *", {"chip_id": lib.KVM_IRQCHIP_IOAPIC})
        self.ioctl("KVM_GET_IRQCHIP", chip)
        # struct kvm_ioapic_state: the table follows 24 bytes of other registers.
        struct.pack_into("<Q", ffi.buffer(chip.chip.dummy), 24 + 8 * pin, entry)
        self.ioctl("KVM_SET_IRQCHIP", chip)

    # KVM_CAP_IRQ_ROUTING
    def set_gsi_routing(self, routes: Sequence[tuple[int, Msi | IrqchipPin]]) -> None:
        """Replace the whole routing table by these (GSI, destination) pairs."""
        table = ffi.new("struct kvm_irq_routing *", {"entries": len(routes)})
        table.nr = len(routes)
        for entry, (gsi, to) in zip(table.entries, routes, strict=True):
            entry.gsi = gsi
            match to:
                case Msi():
                    entry.type = lib.KVM_IRQ_ROUTING_MSI
                    entry.u.msi.address_lo = to.address & 0xFFFFFFFF
                    entry.u.msi.address_hi = to.address >> 32
                    entry.u.msi.data = to.data
                case IrqchipPin():
                    entry.type = lib.KVM_IRQ_ROUTING_IRQCHIP
                    entry.u.irqchip.irqchip = to.irqchip
                    entry.u.irqchip.pin = to.pin
        self.ioctl("KVM_SET_GSI_ROUTING", table)

    # KVM_CAP_IRQFD
    def irqfd(self, eventfd: int, gsi: int, *, assign: bool = True) -> None:
        """Let a write to `eventfd` raise `gsi`, or stop that."""
        flags = 0 if assign else lib.KVM_IRQFD_FLAG_DEASSIGN
        self.ioctl(
            "KVM_IRQFD", ffi.new("struct kvm_irqfd *", {"fd": eventfd, "gsi": gsi, "flags": flags})
        )

    # KVM_CAP_IOEVENTFD; KVM_CAP_IOEVENTFD_ANY_LENGTH for length 0
    def ioeventfd(
        self, eventfd: int, address: int, length: int, flags: int = 0, datamatch: int = 0
    ) -> None:
        """Signal `eventfd` on a guest's write there (KVM_IOEVENTFD_FLAG_PIO for a port).

        `length` 0 matches any width; with KVM_IOEVENTFD_FLAG_DATAMATCH only `datamatch`
        counts. KVM_IOEVENTFD_FLAG_DEASSIGN takes it back.
        """
        event = ffi.new("struct kvm_ioeventfd *")
        event.fd, event.addr, event.len = eventfd, address, length
        event.flags, event.datamatch = flags, datamatch
        self.ioctl("KVM_IOEVENTFD", event)

    # KVM_CAP_SIGNAL_MSI
    def signal_msi(self, msi: Msi) -> int:
        """Deliver an MSI now; > 0 when it reached a LAPIC, 0 when the guest blocked it."""
        message = ffi.new("struct kvm_msi *")
        message.address_lo = msi.address & 0xFFFFFFFF
        message.address_hi = msi.address >> 32
        message.data = msi.data
        return self.ioctl("KVM_SIGNAL_MSI", message)

    # KVM_CAP_COALESCED_MMIO
    def register_coalesced_mmio(self, address: int, size: int) -> None:
        """Collect writes to this MMIO range in a ring instead of exiting, while it has room."""
        zone = ffi.new("struct kvm_coalesced_mmio_zone *", {"addr": address, "size": size})
        self.ioctl("KVM_REGISTER_COALESCED_MMIO", zone)

    # KVM_CAP_HALT_POLL (Linux 5.10)
    def set_halt_poll_ns(self, limit: int) -> None:
        """Bound halt polling of this VM's vCPUs to `limit` ns; 0 turns it off."""
        self.enable_cap("KVM_CAP_HALT_POLL", limit)

    # KVM_CAP_X86_USER_SPACE_MSR and KVM_CAP_X86_MSR_FILTER (Linux 5.10)
    def exit_on_msr(self, base: int, count: int) -> None:
        """Send accesses to the MSRs `base` .. `base + count` to userspace.

        KVM_EXIT_X86_RDMSR and KVM_EXIT_X86_WRMSR follow; every other MSR stays with KVM.
        """
        self.enable_cap("KVM_CAP_X86_USER_SPACE_MSR", lib.KVM_MSR_EXIT_REASON_FILTER)
        bitmap = ffi.new("uint8_t[]", (count + 7) // 8)  # 0 denies
        msrs = ffi.new("struct kvm_msr_filter *")
        msrs.flags = lib.KVM_MSR_FILTER_DEFAULT_ALLOW
        denied = msrs.ranges[0]
        denied.flags = lib.KVM_MSR_FILTER_READ | lib.KVM_MSR_FILTER_WRITE
        denied.base, denied.nmsrs, denied.bitmap = base, count, bitmap
        self.ioctl("KVM_X86_SET_MSR_FILTER", msrs)

    # KVM_CAP_BINARY_STATS_FD (Linux 5.14)
    def get_stats_fd(self) -> Stats:
        return Stats(self.ioctl("KVM_GET_STATS_FD"))
