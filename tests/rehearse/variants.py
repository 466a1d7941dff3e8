# SPDX-License-Identifier: MIT
"""What is rehearsed: machines that differ in one thing each, and the commands on them."""

from dataclasses import dataclass

FAMILIES = ("exit", "floor", "inkernel", "wake", "idle", "work", "hunt", "mpstate", "vtl")
FEW = "floor.clock floor.immediate_exit exit.pio_out exit.hlt wake.irqfd@hlt idle.tick250@hlt"
SHORT = "floor.clock floor.syscall exit.pio_out exit.hlt"
ROUGHLY = "--fast -p 1 --target host"


@dataclass(frozen=True, slots=True)
class Variant:
    """A machine: options of its kernel, parameters of the modules kvm and kvm_amd, its CPUs.

    `account` is who measures: root, or a user of group kvm. `selections` are measured one after
    the other, into a suite each: (its name, what kbench run takes).
    """

    name: str
    cpus: int = 2
    kernel: str = "tsc=reliable"  # as on hardware whose TSC the kernel trusts
    kvm: str = ""
    kvm_amd: str = ""
    account: str = "root"
    selections: tuple[tuple[str, str], ...] = (("few", FEW),)

    def commands(self) -> dict[str, str]:
        """kbench's words by the name under which their output is kept."""
        return {"doctor": "doctor"} | {
            name: f"run {words} {ROUGHLY} -o {name}.json" for name, words in self.selections
        }


SHORT_FORM = Variant("short", selections=(("few", SHORT),))
VARIANTS = (
    Variant("plain", selections=(("few", FEW), *((name, name) for name in FAMILIES))),
    Variant("nested-off", kvm_amd="nested=0"),
    Variant("npt-off", kvm_amd="npt=0"),
    # QEMU's TCG emulates no AVIC: what is tried is that asking for it does no harm.
    Variant("avic-on", kvm_amd="avic=1"),
    Variant("tsc-unstable", kernel="tsc=unstable"),
    Variant("one-cpu", cpus=1),
    Variant("no-halt-polling", kvm="halt_poll_ns=0"),
    Variant("ordinary-user", account="user"),
)
