# SPDX-License-Identifier: MIT
"""The lab's machine: every option of QEMU and of the kernel, beside its reason.

With these options two boots, and two restores of one snapshot, execute the same
instructions at the same virtual times. Each of them is part of what identifies a count.
"""

from pathlib import Path

MEMORY_MB = 256

# Ports of the ISA bus that the agent writes to.
RESULT_PORT = 0xE9  # isa-debugcon: the agent's messages
PAUSE_PORT = 0x505  # pvpanic: pauses at this very instruction, for the snapshot
EXIT_PORT = 0xF4  # isa-debug-exit: QEMU exits with 2 * value + 1
# QEMU's exit statuses: the agent has done its job; it reports a failure; the machine has
# reset itself, as a panicking kernel does.
DONE, FAILED, RESET = 1, 3, 0

# The mail that kbench's subject comes from was sent then; any fixed time would do.
CLOCK = "2023-09-18T13:28:22"

# SVM with nested paging, as EPYC has. RDRAND and RDSEED would give the guest
# the host's randomness: they moved counts by up to 10 instructions.
CPU = "max,+svm,+npt,-rdrand,-rdseed"

# What makes it exact.
EXACT = (
    # One instruction is one nanosecond of virtual time, whatever the host does;
    # a halted machine skips to its next timer instead of sleeping. Without a fixed
    # shift QEMU adapts virtual to wall time. One CPU: more would share one clock.
    *("-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off", "-smp", "1"),
)
# What it consists of.
PARTS = (
    *("-cpu", CPU),
    # The clock starts at one date and runs in virtual time.
    *("-rtc", f"base={CLOCK},clock=vm"),
    # No device that the lab does not use: no network, no disk, no display.
    *("-nodefaults", "-no-user-config", "-vga", "none", "-net", "none", "-display", "none"),
    # A panicking kernel ends QEMU (panic=-1 below); the pvpanic device pauses it.
    *("-no-reboot", "-action", "panic=pause"),
    *("-device", "pvpanic", "-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=4"),
)
OPTIONS = (*EXACT, *PARTS)

KERNEL_OPTIONS = (
    # Addresses of kernel, stack and user space: random ones move TLB and cache-line
    # sharing of the emulator's and the kernel's hash tables, and with them counts.
    *("nokaslr", "norandmaps", "randomize_kstack_offset=off"),
    # Mitigations differ with the microcode that the CPU model claims; off they are one path.
    "mitigations=off",
    # usercopy checks walk slab pages, whose order depends on earlier allocations:
    # medians of MMIO and HLT moved by one instruction with kbench's own imports.
    "hardened_usercopy=off",
    # The TSC counts nanoseconds here. No calibration, no watchdog against another clock;
    # without HPET and PM timer nothing is left to "refine" its frequency to 999999 kHz.
    *("tsc=reliable", "tsc_early_khz=1000000", "lpj=1000000", "hpet=disable", "pmtmr=0"),
    # Self-tests of crypto run on a kernel thread whose end the boot does not wait for.
    "cryptomgr.notests",
    *("console=ttyS0", "quiet", "panic=-1", "rdinit=/agent/agent.py"),
    # The environment of the agent: its Python's home, libraries and hash order.
    *("PYTHONHOME=/usr", "LD_LIBRARY_PATH=/lib", "PYTHONHASHSEED=0"),
)


def boot(kernel: Path, initrd: Path, ram: Path) -> list[str]:
    """Arguments that boot the lab with its RAM in the file `ram`, to be saved."""
    command_line = " ".join(KERNEL_OPTIONS)
    return [
        *memory(ram, share=True),
        *("-kernel", str(kernel), "-initrd", str(initrd), "-append", command_line),
    ]


def restore(ram: Path, *, share: bool = False) -> list[str]:
    """Arguments that wait for the saved state; RAM is a private copy-on-write map of `ram`,
    or with `share`, to be saved again, the file itself.
    """
    return [*memory(ram, share=share), "-incoming", "defer"]


def memory(ram: Path, *, share: bool) -> list[str]:
    """RAM in a file: a restore maps it and copies only the pages that are written."""
    option = f"memory-backend-file,id=ram,size={MEMORY_MB}M,mem-path={str(ram).replace(',', ',,')}"
    return [
        *("-object", f"{option},share={'on' if share else 'off'}"),
        *("-machine", "pc,memory-backend=ram", "-m", f"{MEMORY_MB}M"),
    ]
