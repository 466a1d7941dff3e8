# SPDX-License-Identifier: MIT
"""Which target: the host where its /dev/kvm works, else the lab."""

import errno
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kbench.errors import KbenchError
from kbench.kernels.cache import Progress, silent
from kbench.kvm import IoctlError, System
from kbench.targets.target import Target

if TYPE_CHECKING:
    from kbench.lab.labs import LabPlace

TARGETS = ("auto", "host", "lab")
INSTEAD = "measuring in the lab: instructions, not time"


@dataclass(frozen=True, slots=True)
class Choice:
    """A target's name as typed, and for the lab the variant of KVM, the kernel, and whether
    runs store their functions. machine: the lab machine. cluster: the address of a fleet's
    scheduler, and host the one of its machines that measures times; None for this machine, and
    for all of them.
    """

    target: str = "auto"
    kvm: str | None = None
    kernel: str | None = None
    explain: bool = False
    cluster: str | None = None
    host: str | None = None
    machine: str | None = None


def sessions(choice: Choice, selectors: Sequence[str], report: Progress = silent) -> list[Choice]:
    """One session, or with target "both" the host's and the lab's.

    The selection rfc covers the extension too: in the lab KVM then has all of it unless
    another variant is asked for, and target "auto" measures wherever it can. In a fleet "auto" is
    the lab, whose counts are the same on any machine. `report` gets the
    line that says why the host is left out. Raises KbenchError for a target that does not exist,
    and as host_works() does.
    """
    if choice.target not in (*TARGETS, "both"):
        raise KbenchError(f"no target {choice.target!r}: it is one of {', '.join(TARGETS)}, both")
    if choice.cluster and choice.target == "auto":
        choice = replace(choice, target="host" if choice.host else "lab")
    if choice.machine:
        from kbench.lab.vm import machines

        machines.named(choice.machine)
    of_lab = choice.kvm or choice.kernel or choice.machine or choice.explain
    if choice.target == "auto" and of_lab:
        choice = replace(choice, target="lab")
    rfc = "rfc" in selectors
    everywhere = choice == Choice("auto") and rfc
    lab = replace(choice, target="lab", kvm=choice.kvm or ("all" if rfc else None))
    if choice.target == "both" or (everywhere and host_works(report)):
        return [Choice("host", cluster=choice.cluster, host=choice.host), lab]
    return [lab] if everywhere or choice.target == "lab" else [choice]


def choose(
    choice: Choice, report: Progress = silent, place: "LabPlace[Any] | None" = None
) -> Target:
    """The target of `choice`; "auto" is the lab where a variant or a kernel is named.

    `place` is where labs run, by default here.

    `report` gets a line where "auto" cannot be the host, and one for each step that makes the
    lab ready. Raises KbenchError for an option of the lab's with the host, and as host_works()
    does.
    """
    options = {
        "--kvm": choice.kvm,
        "--kernel": choice.kernel,
        "--machine": choice.machine,
        "--explain": choice.explain or None,
    }
    given = [option for option, value in options.items() if value is not None]
    if choice.target == "host" and given:
        raise KbenchError(f"{given[0]} is for the lab: the host measures the KVM it runs")
    lab_only = bool(given)
    automatic = choice.target == "auto" and not lab_only
    if choice.target == "host" or (automatic and host_works(report)):
        from kbench.targets.host import Host

        return Host()
    from kbench.kernels.debian import DEFAULT
    from kbench.lab import labs
    from kbench.lab.target import LabTarget
    from kbench.lab.vm import machines

    machine = machines.named(choice.machine or machines.SVM.name)
    if machine != machines.SVM and (choice.cluster or choice.explain):
        option = "--cluster" if choice.cluster else "--explain"
        raise KbenchError(f"--machine {machine.name} does not work with {option}")
    more = None
    if choice.explain and choice.cluster:
        raise KbenchError("--explain explains on this machine: measure without --cluster")
    if choice.explain:
        from kbench import programs
        from kbench.session.explain import stored

        programs.require("lab", "explain")
        more = stored
    return LabTarget(
        choice.kernel or DEFAULT,
        choice.kvm or labs.STOCK,
        report=report,
        more=more,
        place=place or labs,
        machine=machine,
    )


def host_works(report: Progress = silent) -> bool:
    """Whether this machine's KVM can make a VM; where not, `report` gets the reason.

    Raises IoctlError where there is a /dev/kvm and only the permission is missing: whoever has
    the device wants times, not the lab's counts.
    """
    try:
        with System() as system, system.create_vm():
            return True
    except KbenchError as error:
        number = error.errno if isinstance(error, IoctlError) and error.name == "open" else 0
        if number in (errno.EACCES, errno.EPERM):
            raise
        report(f"{'no /dev/kvm' if number == errno.ENOENT else error}: {INSTEAD}")
        return False
