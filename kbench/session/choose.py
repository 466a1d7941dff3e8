# SPDX-License-Identifier: MIT
"""Which target: the host where its /dev/kvm works, else the lab."""

from collections.abc import Callable

from kbench.errors import KbenchError
from kbench.kvm import System
from kbench.targets.target import Target

NAMES = ("auto", "host", "lab")


def choose(
    name: str,
    *,
    kvm: str | None = None,
    kernel: str | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Target:
    """The target called `name`, one of NAMES.

    `kvm` (a variant of the modules) and `kernel` (a pin) are the lab's and pick it where
    `name` is "auto"; `report` gets a line for each step that makes the lab ready. Raises
    KbenchError for another name, or for a lab's option with the host.
    """
    if name not in NAMES:
        raise KbenchError(f"no target {name!r}: it is one of {', '.join(NAMES)}")
    for option, value in (("--kvm", kvm), ("--kernel", kernel)):
        if name == "host" and value is not None:
            raise KbenchError(f"{option} is for the lab: the host measures the KVM it runs")
    lab_only = kvm is not None or kernel is not None
    if name == "host" or (name == "auto" and not lab_only and host_works()):
        from kbench.targets.host import Host

        return Host()
    from kbench.kernels.debian import DEFAULT
    from kbench.lab.labs import STOCK
    from kbench.lab.target import LabTarget

    return LabTarget(kernel or DEFAULT, kvm or STOCK, report=report)


def host_works() -> bool:
    """Whether this machine's KVM can make a VM."""
    try:
        with System() as system, system.create_vm():
            return True
    except KbenchError:
        return False
