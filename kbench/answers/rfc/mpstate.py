# SPDX-License-Identifier: MIT
"""David Woodhouse, 2023-09-18: "The VMM can poll the mp_state [...] But not poll()"."""

from collections.abc import Sequence

from kbench.answers.compared import against
from kbench.answers.quantity import LATENCY
from kbench.answers.rfc.lab import LabKernel, newest_first


def polled(found: Sequence[LabKernel]) -> str:
    """Which ways show the interrupt of a vCPU that is halted outside KVM_RUN, and how soon."""

    def figures(lab: LabKernel) -> str:
        poll, byte = lab("mpstate.right@poll").p50, lab("mpstate.right@byte").p50
        return f"{poll} and {byte}"

    stale = all(not lab.has("mpstate.right@get") for lab in found)
    text = (
        "poll(2) of its file descriptor shows it, and so does mp_state in kvm_run: "
        f"{newest_first(found, figures)} instructions after the start of KVM_SIGNAL_MSI (p50)."
    )
    if not stale:
        return f"The interrupt of a vCPU halted outside KVM_RUN: {text}"
    return (
        "KVM_GET_MP_STATE of a vCPU halted outside KVM_RUN never shows that an interrupt is "
        f"pending: it stays HALTED. {text}"
    )


def quirk(found: Sequence[LabKernel]) -> str:
    """Paolo Bonzini, 2023-09-23: "you can force an mpstate update with pthread_kill + KVM_RUN"."""

    def figures(lab: LabKernel) -> str:
        return f"{lab('mpstate.right@kick').p50}"

    return (
        "With the quirk, a pending signal, KVM_RUN and then KVM_GET_MP_STATE, it takes "
        f"{newest_first(found, figures)} instructions."
    )


def fds(found: Sequence[LabKernel]) -> str:
    """A VMM that sleeps in poll(2) of the vCPU, against one that blocks in KVM_RUN."""

    def figures(lab: LabKernel) -> str:
        poll, block = lab("wake.irqfd@hlt-exit-poll"), lab("wake.irqfd@hlt")
        return f"{poll.p50} against {block.p50}: {against(poll, block, LATENCY)}"

    return (
        "From an irqfd write to the VMM's answer it takes instructions (p50), where the VMM sleeps "
        "in poll(2) of the vCPU and its other descriptors, against a vCPU that blocks in KVM_RUN: "
        f"{newest_first(found, figures)}."
    )
