# SPDX-License-Identifier: MIT
"""Instructions of an exit's round trip with each mechanism off and on (no test asserts them)."""

import time
from collections.abc import Callable

from selftests.machine import Machine

from kbench._abi import lib
from kbench._native import exits
from kbench._native.hdr import Histogram
from kbench._native.watchdog import Watchdog
from kbench.kvm import System, extension

PIO = bytes.fromhex("e610ebfc")  # 1: out %al,$0x10; jmp 1b
MWAIT = bytes.fromhex("0f01c9ebfb")  # 1: mwait; jmp 1b
MWAIT_PIO = bytes.fromhex("0f01c9e610ebf9")  # 1: mwait; out %al,$0x10; jmp 1b
# 1: mov $0x83f,%ecx; mov $0x40,%eax; xor %edx,%edx; wrmsr (an IPI to itself); sti; hlt; cli;
# out %al,$0x10; jmp 1b
HLT_PIO = bytes.fromhex("b93f080000b84000000031d20f30fbf4fae610ebe9")
TICK, AFTER_TICK = 4_000_000, 200_000
SWITCHED = {
    "userspace_exits": lib.KVM_KBENCH_USERSPACE_EXITS,
    "mwait_yield": lib.KVM_KBENCH_MWAIT_YIELD,
    "entry_intercepts": lib.KVM_KBENCH_ENTRY_INTERCEPTS,
    "idle_flag": lib.KVM_KBENCH_IDLE_FLAG,
    "mwait_step": lib.KVM_KBENCH_MWAIT_STEP,
    "mwait_lowprio": lib.KVM_KBENCH_MWAIT_LOWPRIO,
    "mwait_monitor": lib.KVM_KBENCH_MWAIT_MONITOR,
    "vcpu_poll": lib.KVM_KBENCH_VCPU_POLL,
    "run_mp_state": lib.KVM_KBENCH_RUN_MP_STATE,
}

Trips = Callable[[int, int, int, Histogram, Watchdog], tuple[int, int]]


def cost(machine: Machine, code: bytes, expect: int, trips: Trips = exits.round_trips) -> int:
    """The least instructions of 200 round trips between two ticks."""
    machine.memory.write(lib.KB_ENTRY, code)
    regs = machine.vcpu.get_regs()
    regs.rip, regs.rcx = lib.KB_ENTRY, 0
    machine.vcpu.set_regs(regs)
    histogram = Histogram(1_000_000)
    with Watchdog(machine.vcpu.run_address, 10.0) as watchdog:
        now = time.monotonic_ns()
        time.sleep(((now // TICK + 1) * TICK + AFTER_TICK - now) / 1e9)
        trips(machine.vcpu.fd, expect, 8, histogram, watchdog)
        histogram.reset()
        done, error = trips(machine.vcpu.fd, expect, 200, histogram, watchdog)
    assert done == 200, f"{done} of 200 round trips, errno {error}"
    return int(histogram.minimum)


def idling(machine: Machine) -> dict[str, int]:
    """PIO, and before it an MWAIT, or a HLT that an interrupt ends at once."""
    codes = {"pio": PIO, "mwait nop + pio": MWAIT_PIO, "hlt + pio": HLT_PIO}
    return {name: cost(machine, code, lib.KVM_EXIT_IO) for name, code in codes.items()}


def test_costs() -> dict[str, int]:
    with System() as system:
        have = extension.mechanisms(system)
    with Machine() as machine:
        machine.start()
        found = idling(machine)
        if have & (lib.KVM_KBENCH_USERSPACE_EXITS | lib.KVM_KBENCH_RFC_V1):
            machine.exits(lib.KVM_KBENCH_EXIT_MWAIT)
            found["mwait exit"] = cost(machine, MWAIT, lib.KVM_EXIT_KBENCH_MWAIT)
            machine.exits(0)
        if have & lib.KVM_KBENCH_MWAIT_YIELD:
            for name, mode in (
                ("yield", lib.KVM_KBENCH_MWAIT_AS_YIELD),
                ("cond_resched", lib.KVM_KBENCH_MWAIT_AS_RESCHED),
            ):
                machine.mwait(mode)
                found[f"mwait {name} + pio"] = cost(machine, MWAIT_PIO, lib.KVM_EXIT_IO)
    for name, bit in SWITCHED.items():
        if bit & have:
            found |= switched(name, bit)
    return found


def switched(name: str, bit: int) -> dict[str, int]:
    """With one mechanism on, nothing asked of it, in a VM of its own; and off again."""
    with Machine() as machine:
        machine.start()
        machine.enable(bit)
        found = {f"{what}, {name}": count for what, count in idling(machine).items()}
        machine.enable(0)
        found[f"pio, {name} off"] = cost(machine, PIO, lib.KVM_EXIT_IO)
    return found
