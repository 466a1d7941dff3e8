# SPDX-License-Identifier: MIT
"""The lab's machine on QEMU: every option, beside its reason (the kernel's are in ../common.py).

With these options two boots, and two restores of one snapshot, execute the same
instructions at the same virtual times, but for one thing that docs/lab.md tells. Each of them is
part of what identifies a count.
"""

from pathlib import Path

from kbench.lab.vm.common import EXIT_PORT, KERNEL_OPTIONS, MEMORY_MB, VERBOSE

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


def boot(kernel: Path, initrd: Path, ram: Path, *, verbose: bool = False) -> list[str]:
    """Arguments that boot the lab with its RAM in the file `ram`, to be saved.

    A `verbose` boot is for its console alone: it is not the boot that counts are of.
    """
    spoken = (*VERBOSE, *(word for word in KERNEL_OPTIONS if word != "quiet"))
    command_line = " ".join(spoken if verbose else KERNEL_OPTIONS)
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
