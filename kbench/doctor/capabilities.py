# SPDX-License-Identifier: MIT
"""What this machine can measure: its KVM, that KVM's capabilities, and the target of choice."""

from dataclasses import dataclass, field

from kbench.catalogue import catalogue
from kbench.errors import KbenchError
from kbench.kvm import System
from kbench.kvm.caps import USES
from kbench.session.choose import Choice, choose
from kbench.targets.host import Host


@dataclass(frozen=True, slots=True)
class Capability:
    """`value` is the answer of KVM_CHECK_EXTENSION, 0 if this KVM lacks it."""

    name: str
    value: int
    use: str


@dataclass(frozen=True, slots=True)
class Abilities:
    """`host_reason` says why the host cannot be measured, `auto_reason` why no target can be.

    `obstacles` has an entry for each benchmark of the catalogue, "" if it can run on the host;
    it and `capabilities` are empty if /dev/kvm cannot be used.
    """

    host_reason: str = ""
    auto: str = ""
    auto_reason: str = ""
    capabilities: tuple[Capability, ...] = ()
    obstacles: dict[str, str] = field(default_factory=dict)

    @property
    def runnable(self) -> int:
        """How many benchmarks can run on the host."""
        return sum(not reason for reason in self.obstacles.values())


def abilities() -> Abilities:
    """Probe this machine, by running each benchmark once."""
    auto = auto_reason = ""
    try:
        auto = choose(Choice()).name
    except KbenchError as error:
        auto_reason = str(error)
    try:
        with System() as system:
            capabilities = tuple(
                Capability(name, system.check_extension(name), use) for name, use in USES.items()
            )
    except KbenchError as error:
        return Abilities(str(error), auto, auto_reason)
    return Abilities("", auto, auto_reason, capabilities, Host().obstacles(catalogue()))
