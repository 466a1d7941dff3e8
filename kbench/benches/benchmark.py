# SPDX-License-Identifier: MIT
"""One row of the catalogue: what is measured, declared as data."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A named measurement, `family.event[@variant]`. It knows neither KVM nor a machine.

    `loop` names the timed loop (kbench/worker/loops.py); for loop "kvm_run", `guest` is
    the image, `mode` the CPU mode it is built for, `expect` the KVM_EXIT_* that every
    entry must end with, and `features` what the VM needs beside RAM and a vCPU
    (kbench/worker/features.py). `batch` is what the guest finds in kb_params.batch.
    `delay_ns` is spun away in each round trip: no row has it, the gate's self-test sets it.
    """

    name: str
    title: str
    loop: Literal["kvm_run", "immediate_exit", "get_mp_state", "clock", "syscall"] = "kvm_run"
    guest: str = "spin"
    mode: Literal["long", "real"] = "long"
    expect: str = ""
    features: tuple[str, ...] = ()
    batch: int = 0
    delay_ns: float = 0.0

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]
