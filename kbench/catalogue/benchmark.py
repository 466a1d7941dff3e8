# SPDX-License-Identifier: MIT
"""One row of the catalogue: what is measured, declared as data.

A row knows neither KVM nor a machine. Its kind says how it is measured: a RoundTrip and a
Batch by kbench/worker/roundtrip, an IdleWindow by kbench/worker/idle.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

from kbench.errors import KbenchError

Mode = Literal["long", "real", "x2apic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What every row has. `name` is `family.event[@variant]`.

    `loops` is how many loops a value always has; 0 lets pyperf calibrate it.
    """

    name: str
    title: str
    loops: int = 0

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]

    @property
    def event(self) -> str:
        return self.name.partition(".")[2].partition("@")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTrip(Named):
    """Round trips of one vCPU, timed one by one.

    `loop` names the timed loop (kbench/worker/roundtrip/loops.py). "kvm_run" enters `guest`,
    built for the CPU mode `mode`, and each entry must end with `expect` (KVM_EXIT_*). "halt"
    is the same for a guest that halts: before each entry, untimed, the vCPU is made RUNNABLE.
    `features` is what the VM needs besides RAM and a vCPU (kbench/worker/vm/features.py);
    `rounds` is a number for the guest. `delay_ns` is spun away in each round trip: no row
    sets it, the gate's self-test does.
    """

    loop: Literal["kvm_run", "halt", "immediate_exit", "get_mp_state", "clock", "syscall"] = (
        "kvm_run"
    )
    guest: str = "spin"
    mode: Mode = "long"
    expect: str = ""
    features: tuple[str, ...] = ()
    rounds: int = 0
    delay_ns: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Named):
    """`size` subjects of the guest and an exit, against the same without them (guests/batch.h).

    `exits_each` is how many VM exits a subject causes at least, where the backend runs guests
    and does not emulate them. All `vcpus` run the guest; the first is measured. `backends`
    are the only ones it may run on; empty for any. A first batch that fails is a skip:
    backends differ in what they implement.
    """

    expect: ClassVar[str] = "KVM_EXIT_IO"

    guest: str
    mode: Mode = "long"
    features: tuple[str, ...] = ()
    size: int
    exits_each: int = 0
    vcpus: int = 1
    backends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleWindow(Named):
    """Open-loop windows around idle vCPUs; a value always has `loops` of its unit.

    `measured_by` is the module of kbench/worker/idle, by default the family's name. `policy`
    (kbench/catalogue/policies.py) is what happens when the guest idles, `pattern`
    (kbench/catalogue/patterns.py) when it has something to do. `wake_source` wakes it;
    `method` is the variant of the work or of the way that is measured. `slice` is how long the
    vCPU's thread works before it checks for the guest: "4" items, "50us"; "" as the policy waits.
    With `own_cgroups` each thread of the VMM is in a cgroup of its own. `vcpus` may be varied
    (kbench/catalogue/derive.py) where `any_vcpus`; with `own_pcpu` each has a pCPU to itself.
    `busy` of them are busy, not idle. `idle_us` is how long each idle period lasts, where that is
    the subject. With `huge` pages of 2 MiB back what the guests write to.
    """

    loops: int
    measured_by: str = ""
    policy: str = ""
    pattern: str = ""
    wake_source: str = ""
    method: str = ""
    slice: str = ""
    own_cgroups: bool = False
    vcpus: int = 1
    any_vcpus: bool = False
    own_pcpu: bool = False
    busy: int = 0
    idle_us: int = 0
    huge: bool = False


Benchmark = RoundTrip | Batch | IdleWindow


def one_of(event: str, valid: Iterable[str], family: str) -> str:
    """`event`. Raises KbenchError, with the valid ones, where it is not one of them."""
    names = list(valid)
    if event not in names:
        raise KbenchError(f"{family}.{event}: no {event!r} there, it is one of {', '.join(names)}")
    return event
