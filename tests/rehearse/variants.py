# SPDX-License-Identifier: MIT
"""What is rehearsed: machines that differ in one thing each, and the commands on them."""

from dataclasses import dataclass

FAMILIES = ("exit", "floor", "inkernel", "wake", "idle", "work", "hunt", "mpstate", "vtl")
SHORT = "floor.clock floor.syscall exit.pio_out exit.hlt"
ROUGHLY = "--fast -p 1 --target host"


@dataclass(frozen=True, slots=True)
class Variant:
    """A machine: options of its kernel, parameters of the modules kvm and kvm_amd, its CPUs.

    `account` is who measures: root, or a user of group kvm. `selections` are measured one after
    the other, into a suite each, named as the first one's family.
    """

    name: str
    cpus: int = 2
    kernel: str = "tsc=reliable"  # as on hardware whose TSC the kernel trusts
    kvm: str = ""
    kvm_amd: str = ""
    account: str = "root"
    selections: tuple[str, ...] = ("quick",)

    def commands(self) -> dict[str, str]:
        """kbench's words by the name under which their output is kept."""
        suites = {words.split()[0].partition(".")[0]: words for words in self.selections}
        return {"doctor": "doctor"} | {
            name: f"run {words} {ROUGHLY} -o {name}.json" for name, words in suites.items()
        }


SHORT_FORM = Variant("short", selections=(SHORT,))
VARIANTS = (
    Variant("plain", selections=("quick", *FAMILIES)),
    Variant("nested-off", kvm_amd="nested=0"),
    Variant("npt-off", kvm_amd="npt=0"),
    # QEMU's TCG emulates no AVIC: what is tried is that asking for it does no harm.
    Variant("avic-on", kvm_amd="avic=1"),
    Variant("tsc-unstable", kernel="tsc=unstable"),
    Variant("one-cpu", cpus=1),
    Variant("no-halt-polling", kvm="halt_poll_ns=0"),
    Variant("ordinary-user", account="user"),
)
