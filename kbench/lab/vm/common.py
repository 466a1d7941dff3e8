# SPDX-License-Identifier: MIT
"""What every lab machine has, whichever emulator runs it: ports, memory, the kernel's options."""

MEMORY_MB = 256

# Ports of the ISA bus that the agent writes to.
RESULT_PORT = 0xE9  # the agent's messages
PAUSE_PORT = 0x505  # the machine stops at this very instruction, for the snapshot
EXIT_PORT = 0xF4  # the emulator exits with 2 * value + 1
# The emulator's exit statuses: the agent has done its job; it reports a failure; the machine has
# reset itself, as a panicking kernel does.
DONE, FAILED, RESET = 1, 3, 0

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
# All that a kernel says, from its first line on where it has CONFIG_EARLY_PRINTK.
VERBOSE = ("earlyprintk=ttyS0", "ignore_loglevel")
