# SPDX-License-Identifier: MIT
"""KVM_ENABLE_CAP and the bytes of kvm_run: what is accepted, and what switching costs."""

import errno
import time
from functools import reduce
from operator import or_

from selftests.machine import HLT, MWAIT, Machine, expect, run
from selftests.uses import eventfd, present

from kbench._abi import lib
from kbench.kvm import extension
from kbench.kvm.errors import IoctlError

PAIRS = 20
# Each byte's first value that means nothing, and the mechanisms that read the byte.
UNKNOWN = {
    lib.KVM_RUN_KBENCH_EXITS: (lib.KVM_KBENCH_EXIT_VALID + 1, ("userspace_exits",)),
    lib.KVM_RUN_KBENCH_NATIVE: (lib.KVM_KBENCH_NATIVE_VALID + 1, ("entry_intercepts",)),
    lib.KVM_RUN_KBENCH_MWAIT: (
        lib.KVM_KBENCH_MWAIT_AS_MONITOR + 1,
        ("mwait_yield", "mwait_step", "mwait_lowprio", "mwait_monitor"),
    ),
    lib.KVM_RUN_KBENCH_TIME: (
        lib.KVM_KBENCH_TIME_MAX + 1,
        ("mwait_yield", "mwait_step", "mwait_lowprio", "mwait_monitor"),
    ),
}

# What nobody has enabled: all exits, all native, and on MWAIT a sleep of 2 ms.
ASKED = {
    lib.KVM_RUN_KBENCH_EXITS: lib.KVM_KBENCH_EXIT_VALID,
    lib.KVM_RUN_KBENCH_NATIVE: lib.KVM_KBENCH_NATIVE_VALID,
    lib.KVM_RUN_KBENCH_MWAIT: lib.KVM_KBENCH_MWAIT_AS_TIMEOUT,
    lib.KVM_RUN_KBENCH_TIME: 12,  # 2^11 us
}
AT_ONCE = 1_000_000  # ns


def outcome(machine: Machine) -> int:
    """0, or the errno of KVM_RUN."""
    try:
        expect(run(machine.vcpu), lib.KVM_EXIT_IO)
    except IoctlError as error:
        return error.errno
    return 0


def test_unknown_values_are_refused_at_the_entry() -> None:
    uses = present()
    for offset, (value, mechanisms) in UNKNOWN.items():
        for name in (name for name in mechanisms if name in uses):
            with uses[name].machine() as machine:
                extension.write(machine.vcpu, offset, value)
                expect(outcome(machine), errno.EINVAL, f"{name}, byte {offset}: errno")
                # The VMM fixes it and goes on.
                extension.write(machine.vcpu, offset, 0)
                expect(outcome(machine), 0, f"{name}, byte {offset}: errno")


def test_a_mode_of_a_mechanism_that_is_off_is_refused() -> None:
    uses = present()
    for name, mode in (
        ("mwait_yield", lib.KVM_KBENCH_MWAIT_AS_STEP),
        ("mwait_yield", lib.KVM_KBENCH_MWAIT_LOWPRIO_BIT),
        ("mwait_step", lib.KVM_KBENCH_MWAIT_AS_MONITOR),
        ("mwait_monitor", lib.KVM_KBENCH_MWAIT_AS_TIMEOUT),
    ):
        if name in uses:
            with uses[name].machine() as machine:
                extension.write(machine.vcpu, lib.KVM_RUN_KBENCH_MWAIT, mode)
                expect(outcome(machine), errno.EINVAL, f"{name}, mode {mode:#x}: errno")


def test_bytes_are_padding_while_all_is_off() -> None:
    """Beside a vCPU that has everything on: KVM's paths look at both."""
    every = reduce(or_, (use.on for use in present().values()))
    with eventfd() as told, Machine() as other, Machine() as machine:
        other.enable(every, told)
        for values in (dict.fromkeys(UNKNOWN, 0xFF), ASKED):
            for offset, value in values.items():
                extension.write(machine.vcpu, offset, value)
            machine.plan(MWAIT)
            expect(outcome(machine), 0, "errno")
            begin = time.monotonic_ns()
            expect(outcome(machine), 0, "errno")
            passed = time.monotonic_ns() - begin
            assert passed < AT_ONCE, f"an MWAIT took {passed} ns"
            machine.plan(HLT, timer=20_000)
            expect(outcome(machine), 0, "errno")


def test_unknown_capability_bits_are_refused() -> None:
    with Machine() as machine:
        have = extension.mechanisms(machine.system)
        for bit in (have & -have) << 20, 1 << 40, lib.KVM_KBENCH_RFC_V1:
            try:
                extension.enable(machine.vcpu, bit)
            except IoctlError as error:
                expect(error.errno, errno.EINVAL, f"bit {bit:#x}: errno")
            else:
                raise AssertionError(f"bit {bit:#x} was accepted")


def test_switching_patches_no_text() -> dict[str, int]:
    """Off and on again costs as much as on twice: static keys are let go after a second."""
    use = next(iter(present().values()))
    with eventfd() as told, Machine() as machine:

        def cost(first: int, second: int) -> int:
            begin = time.monotonic_ns()
            for _ in range(PAIRS):
                machine.enable(first, told)
                machine.enable(second, told)
            return (time.monotonic_ns() - begin) // (2 * PAIRS)

        machine.enable(use.on, told)
        same, other = cost(use.on, use.on), cost(0, use.on)
        assert other < 2 * same, f"expected less than {2 * same} instructions, got {other}"
        return {"same": same, "other": other}
