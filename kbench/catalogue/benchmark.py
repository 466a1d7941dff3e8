# SPDX-License-Identifier: MIT
"""One row of the catalogue: what is measured, declared as data."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A named measurement, `family.event[@variant]`. It knows neither KVM nor a machine.

    `loop` names the timed loop (kbench/worker/roundtrip/loops.py); for loop "kvm_run", `guest` is
    the image, `mode` the CPU mode it is built for, `expect` the KVM_EXIT_* that every
    entry must end with, and `features` what the VM needs beside RAM and a vCPU
    (kbench/worker/vm/features.py). `batch` is what the guest finds in kb_params.batch.
    `delay_ns` is spun away in each round trip: no row has it, the gate's self-test sets it.

    Loop "halt" is "kvm_run" for a guest that halts: before each entry, untimed, the vCPU is
    made RUNNABLE again, as an event would.

    With loop "batch" a round trip is `batch` subjects of the guest and an exit, and its
    control the same without them (guests/batch.h). `exits` is how many VM exits a subject
    makes at least, on a backend that runs guests and does not emulate them. `vcpus` run
    the guest side by side; the first is measured. `probed`: what this row does is not
    every backend's, so a first round trip that fails is a skip and no error. `backends`
    are the only ones it may run on, where it names any.

    Loops of idle guests (kbench/worker/idle) take a `policy` (kbench/catalogue/policies.py), a
    `pattern` (kbench/catalogue/patterns.py) and a `source` of wake-ups or of work; `pinned` vCPUs
    have a pCPU each. With `loops` a value always has that many of them; else pyperf finds out.
    """

    name: str
    title: str
    loop: Literal[
        "kvm_run",
        "halt",
        "batch",
        "immediate_exit",
        "get_mp_state",
        "clock",
        "syscall",
        "thread_wake",
        "wake",
        "idle",
        "work",
        "hunt",
        "mpstate",
        "vtl",
    ] = "kvm_run"
    guest: str = "spin"
    mode: Literal["long", "real", "x2apic"] = "long"
    expect: str = ""
    features: tuple[str, ...] = ()
    batch: int = 0
    delay_ns: float = 0.0
    exits: int = 0
    vcpus: int = 1
    probed: bool = False
    backends: tuple[str, ...] = ()
    policy: str = ""
    pattern: str = ""
    source: str = ""
    pinned: bool = False
    loops: int = 0

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]

    @property
    def event(self) -> str:
        return self.name.partition(".")[2].partition("@")[0]
