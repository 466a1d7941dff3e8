# SPDX-License-Identifier: MIT
"""The machine's CPUs and interrupts as Linux finds them without ACPI.

Intel's MultiProcessor Specification 1.4: a floating pointer and a configuration table.
"""

import struct

LAPIC, IOAPIC = 0xFEE00000, 0xFEC00000
# Types of entries, of interrupts, and the flags of a CPU.
CPU, BUS, IO_APIC, IO_INTERRUPT, LOCAL_INTERRUPT = range(5)
VECTORED, NMI, _, EXTERNAL = range(4)
ENABLED, BOOT_CPU = 1, 2
# Versions of the local APIC and of the IOAPIC; family and features of the CPU, which Linux ignores.
LAPIC_VERSION, IOAPIC_VERSION, SIGNATURE, FEATURES = 0x14, 0x11, 0x306C3, 0x0FABFBFF
EVERY_LAPIC = 0xFF
POINTER_BYTES, HEADER_BYTES = 16, 44


def table(address: int, cpus: int) -> bytes:
    """The floating pointer at `address`, the configuration table behind it."""
    entries = _entries(cpus)
    body = b"".join(entries)
    fields = (b"PCMP", HEADER_BYTES + len(body), 4, 0, b"KBENCH  ", b"LAB         ")
    header = struct.pack("<4sH2B8s12sI2HIH2B", *fields, 0, 0, len(entries), LAPIC, 0, 0, 0)
    pointer = struct.pack("<4sI8B", b"_MP_", address + POINTER_BYTES, 1, 4, *[0] * 6)
    return _summed(pointer, 10) + _summed(header, 7, body) + body


def _entries(cpus: int) -> list[bytes]:
    """CPUs, the one bus, the IOAPIC, and where each interrupt goes."""
    ioapic = cpus
    entries = [
        struct.pack(
            *("<4B2IQ", CPU, number, LAPIC_VERSION),
            *(ENABLED | (0 if number else BOOT_CPU), SIGNATURE, FEATURES, 0),
        )
        for number in range(cpus)
    ]
    entries.append(struct.pack("<2B6s", BUS, 0, b"ISA   "))
    entries.append(struct.pack("<4BI", IO_APIC, ioapic, IOAPIC_VERSION, ENABLED, IOAPIC))
    # IRQ 2 cascades the PICs; the timer's IRQ 0 is wired to the pin 2.
    for irq in (number for number in range(16) if number != 2):
        pin = irq or 2
        entries.append(struct.pack("<2BH4B", IO_INTERRUPT, VECTORED, 0, 0, irq, ioapic, pin))
    for line, kind in enumerate((EXTERNAL, NMI)):
        entries.append(struct.pack("<2BH4B", LOCAL_INTERRUPT, kind, 0, 0, 0, EVERY_LAPIC, line))
    return entries


def _summed(data: bytes, at: int, further: bytes = b"") -> bytes:
    """`data` with the byte at `at` such that all bytes, with those of `further`, add up to 0."""
    return data[:at] + bytes([-sum(data + further) & 0xFF]) + data[at + 1 :]
