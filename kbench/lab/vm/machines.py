# SPDX-License-Identifier: MIT
"""The lab's machines: an emulator with its CPU, and the KVM modules that run on it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from kbench.errors import KbenchError
from kbench.lab.vm.bochs import build as bochs
from kbench.lab.vm.bochs.emulator import BochsEmulator
from kbench.lab.vm.bochs.options import MODEL
from kbench.lab.vm.emulator import Emulator
from kbench.lab.vm.qemu import emulator as qemu
from kbench.lab.vm.qemu import installed


@dataclass(frozen=True)
class LabMachine:
    """A machine of the lab; its counts are never compared with another's.

    name: what --machine calls it. backend: the label of its counts. vendor: the KVM module of its
    CPU. emulator: gives the emulator, or raises EmulatorUnavailable. obstacle: why it cannot run
    here, "" where it can. groups: of programs.toml, what it needs here. facts: provenance that the
    machine itself would tell wrongly.
    """

    name: str
    backend: str
    vendor: str
    emulator: Callable[[], Emulator]
    obstacle: Callable[[], str]
    groups: Callable[[], tuple[str, ...]]
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def modules(self) -> tuple[str, ...]:
        """KVM's modules in the order of loading; they come through fw_cfg after a restore."""
        return ("kvm", self.vendor)


SVM = LabMachine(
    name="svm",
    backend="svm-tcg",
    vendor="kvm-amd",
    emulator=qemu.find,
    obstacle=installed.obstacle,
    groups=lambda: ("lab",),
)
VMX = LabMachine(
    name="vmx",
    backend="vmx-bochs",
    vendor="kvm-intel",
    emulator=BochsEmulator,
    obstacle=bochs.obstacle,
    groups=bochs.groups,
    # It calls itself by the name of the CPU that it emulates.
    facts={"kbench_cpu_model": f"Bochs {MODEL}"},
)
MACHINES = {machine.name: machine for machine in (SVM, VMX)}


def named(name: str) -> LabMachine:
    """The machine that --machine calls `name`. Raises KbenchError for a name that there is not."""
    if name not in MACHINES:
        raise KbenchError(f"no lab machine {name!r}: known are {', '.join(MACHINES)}")
    return MACHINES[name]
