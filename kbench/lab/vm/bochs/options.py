# SPDX-License-Identifier: MIT
"""The lab's machine on Bochs: every option, beside its reason (the kernel's are in ../common.py).

With these options two boots, and two restores of one saved state, execute the same
instructions at the same virtual times. Each of them is part of what identifies a count.
"""

from kbench.lab.vm.common import MEMORY_MB

# Files of a saved lab, beside the directory of Bochs' own; paths are relative, as a saved lab is
# renamed when it is complete.
ROM, VGA_ROM, MSRS, STATE = "rom", "vga", "msrs", "state"

# VMX with EPT, unrestricted guests, the preemption timer, the monitor trap flag and virtual
# interrupt delivery. RDRAND is Bochs' own generator, whose place in its sequence a saved state
# does not hold.
MODEL = "corei7_haswell_4770"
CPU = f"{MODEL},-rdrand"

OPTIONS = (
    "config_interface: textconfig",
    "display_library: nogui",
    f"memory: guest={MEMORY_MB}, host={MEMORY_MB}",
    f"romimage: file={ROM}, address=0xffff0000",
    f"vgaromimage: file={VGA_ROM}",
    # One instruction is one tick, and with this many a second one tick is one nanosecond.
    # A kernel that cannot go on must end Bochs, not start again.
    f"cpu: model={MODEL}, exclude_features=rdrand, count=1, ips=1000000000, "
    f"reset_on_triple_fault=0, ignore_bad_msrs=1, msrs={MSRS}",
    # Virtual time runs with the instructions, from a fixed date.
    "clock: sync=none, time0=1695043702",
    "vga: extension=none, update_freq=1, realtime=0",
    # No device that the lab does not use.
    "pci: enabled=1, chipset=i440fx",
    *("ata0: enabled=0", "ata1: enabled=0", "floppya: type=none"),
    # The console's bytes are taken at its port, by ext/lab/bochs.
    "com1: enabled=1, mode=null",
    # What Bochs has to say goes to stderr, and what it cannot emulate ends it.
    "log: -",
    *("panic: action=fatal", "error: action=ignore", "info: action=ignore", "debug: action=ignore"),
)

# Linux uses the TSC-deadline timer of this model from microcode 0x22 on
# (deadline_match in arch/x86/kernel/apic/apic.c); MSR 0x8B has the revision in its high half.
MICROCODE = "0x08b 0 00000028 00000000 00000000 00000000 ffffffff ffffffff\n"
# The VGA adapter wants an expansion ROM: a header, a far return, and the sum 0.
_HEADER = b"\x55\xaa\x01\xcb"
NO_VGA = _HEADER + bytes(507) + bytes([-sum(_HEADER) & 0xFF])
