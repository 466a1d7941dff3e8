# SPDX-License-Identifier: MIT
"""How a VMM would use each mechanism: for the tests that hold for all of them."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from selftests.machine import Machine

from kbench._abi import lib
from kbench.kvm import System, extension

QUIRK_MWAIT = 1 << 6  # KVM_X86_QUIRK_MWAIT_NEVER_UD_FAULTS
NOP = (lib.KVM_KBENCH_MWAIT_AS_NOP,)


@contextmanager
def eventfd() -> Iterator[int]:
    fd = os.eventfd(0, os.EFD_NONBLOCK)
    try:
        yield fd
    finally:
        os.close(fd)


@dataclass(frozen=True)
class Use:
    """`bits`: of the modules' answer. `on`: for KVM_ENABLE_CAP. The rest: values for its bytes."""

    bits: int
    on: int = 0
    exits: tuple[int, ...] = (0,)
    native: tuple[int, ...] = (0,)
    mwait: tuple[int, ...] = NOP

    @property
    def may_exit(self) -> tuple[int, ...]:
        """The exit reasons that its bytes may bring."""
        return (lib.KVM_EXIT_HLT, lib.KVM_EXIT_KBENCH_MWAIT) if any(self.exits) else ()

    @contextmanager
    def machine(self, **options: object) -> Iterator[Machine]:
        """A VM that uses the mechanism, its vCPU not run yet."""
        with eventfd() as told, Machine(**options) as machine:
            self.enable(machine, told)
            yield machine

    def enable(self, machine: Machine, told: int) -> None:
        """Switch it on; vcpu_poll tells the eventfd `told`."""
        machine.enable(self.on, told)

    def set(self, machine: Machine, exits: int, native: int, mwait: int, time: int) -> None:
        """Write its bytes of kvm_run, and only its."""
        for offset, value, choice in (
            (lib.KVM_RUN_KBENCH_EXITS, exits, self.exits),
            (lib.KVM_RUN_KBENCH_NATIVE, native, self.native),
            (lib.KVM_RUN_KBENCH_MWAIT, mwait, self.mwait),
            (lib.KVM_RUN_KBENCH_TIME, time, self.mwait),
        ):
            if len(choice) > 1:
                extension.write(machine.vcpu, offset, value)

    def most(self, machine: Machine) -> None:
        """Its bytes at their last value, with its own bound."""
        self.set(machine, self.exits[-1], self.native[-1], self.mwait[-1], 0)


_SWITCHED = lib.KVM_KBENCH_VCPU_POLL | lib.KVM_KBENCH_VCPU_EVENTFD
USES = {
    "userspace_exits": Use(
        lib.KVM_KBENCH_USERSPACE_EXITS, lib.KVM_KBENCH_USERSPACE_EXITS, exits=(0, 1, 2, 3)
    ),
    "mwait_yield": Use(
        lib.KVM_KBENCH_MWAIT_YIELD,
        lib.KVM_KBENCH_MWAIT_YIELD,
        mwait=(
            *NOP,
            lib.KVM_KBENCH_MWAIT_AS_YIELD,
            lib.KVM_KBENCH_MWAIT_AS_RESCHED,
            lib.KVM_KBENCH_MWAIT_AS_TIMEOUT,
        ),
    ),
    "entry_intercepts": Use(
        lib.KVM_KBENCH_ENTRY_INTERCEPTS, lib.KVM_KBENCH_ENTRY_INTERCEPTS, native=tuple(range(8))
    ),
    "idle_flag": Use(lib.KVM_KBENCH_IDLE_FLAG, lib.KVM_KBENCH_IDLE_FLAG),
    "mwait_step": Use(
        lib.KVM_KBENCH_MWAIT_STEP,
        lib.KVM_KBENCH_MWAIT_STEP,
        mwait=(*NOP, lib.KVM_KBENCH_MWAIT_AS_STEP),
    ),
    "mwait_lowprio": Use(
        lib.KVM_KBENCH_MWAIT_LOWPRIO,
        lib.KVM_KBENCH_MWAIT_LOWPRIO,
        mwait=(*NOP, lib.KVM_KBENCH_MWAIT_LOWPRIO_BIT | lib.KVM_KBENCH_MWAIT_AS_YIELD),
    ),
    "mwait_monitor": Use(
        lib.KVM_KBENCH_MWAIT_MONITOR,
        lib.KVM_KBENCH_MWAIT_MONITOR,
        mwait=(*NOP, lib.KVM_KBENCH_MWAIT_AS_MONITOR),
    ),
    "vcpu_poll": Use(_SWITCHED, _SWITCHED),
    "run_mp_state": Use(lib.KVM_KBENCH_RUN_MP_STATE, lib.KVM_KBENCH_RUN_MP_STATE),
}
EVENTS = _SWITCHED | lib.KVM_KBENCH_RUN_MP_STATE


def present(without: Collection[str] = ()) -> dict[str, Use]:
    """The uses of what the loaded modules have, `without` some."""
    with System() as system:
        have = extension.mechanisms(system)
    return {
        name: use for name, use in USES.items() if use.bits & ~have == 0 and name not in without
    }
