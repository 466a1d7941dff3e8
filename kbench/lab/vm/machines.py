# SPDX-License-Identifier: MIT
"""The lab's machines: an emulator with its CPU, and the KVM modules that run on it."""

from collections.abc import Callable
from dataclasses import dataclass

from kbench.lab.vm.emulator import Emulator
from kbench.lab.vm.qemu import emulator as qemu
from kbench.lab.vm.qemu import installed


@dataclass(frozen=True)
class LabMachine:
    """A machine of the lab; its counts are never compared with another's.

    name: what --machine calls it. backend: the label of its counts. vendor: the KVM module of its
    CPU. emulator: gives the emulator, or raises EmulatorUnavailable. obstacle: why it cannot run
    here, "" where it can. groups: of programs.toml, what it needs.
    """

    name: str
    backend: str
    vendor: str
    emulator: Callable[[], Emulator]
    obstacle: Callable[[], str]
    groups: tuple[str, ...]

    @property
    def modules(self) -> tuple[str, ...]:
        """KVM's modules in the order of loading; they come through fw_cfg after a restore."""
        return ("kvm", self.vendor)


SVM = LabMachine(
    name="svm",
    backend="svm-tcg",
    vendor="kvm-amd",
    emulator=lambda: qemu.find(),
    obstacle=lambda: installed.obstacle(),
    groups=("lab",),
)
