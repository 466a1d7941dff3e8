# SPDX-License-Identifier: MIT
"""David Woodhouse, 2023-09-18: "The VMM can poll the mp_state [...] But not poll()"."""

from collections.abc import Sequence

from kbench.answers.compared import against
from kbench.answers.level import comparable, listed
from kbench.answers.measured import Measured, Unsupported
from kbench.answers.quantity import LATENCY
from kbench.answers.rfc.lab import STOCK, LabKernel, medians, told
from kbench.catalogue.mpstate import TRUTH
from kbench.catalogue.mpstate import truth as mpstate_truth


def polled(found: Sequence[LabKernel]) -> str:
    """Which ways show the interrupt of a vCPU that is halted outside KVM_RUN, and how soon."""

    text = medians(
        found,
        "poll(2) of the vCPU shows it a median of {0} instructions after the start of "
        "KVM_SIGNAL_MSI, mp_state in kvm_run {1}",
        "mpstate.right@poll",
        "mpstate.right@byte",
    )
    if any(lab.has("mpstate.right@get") for lab in found):
        return f"The interrupt of a vCPU halted outside KVM_RUN: {text}"
    return (
        "KVM_GET_MP_STATE of a vCPU halted outside KVM_RUN stays HALTED when an interrupt arrives. "
        f"{text}"
    )


def truth(found: Sequence[LabKernel]) -> str:
    """Sean Christopherson, 2023-09-27: mp_state is "a bit of a mess": of what it says the truth."""

    def figures(lab: LabKernel) -> list[str]:
        rows = {event: lab(mpstate_truth(event).name, STOCK) for event in TRUTH}
        comparable(list(rows.values()))

        def those(look: str, word: str) -> str:
            said = [event for event, row in rows.items() if _word(row, look) == word]
            return listed([TRUTH[event].partition(",")[0] for event in said]) or "nothing"

        return [
            *(those("get", word) for word in ("stale", "right", "changes")),
            those("set", "changes"),
        ]

    return told(
        found,
        "Of a vCPU halted outside KVM_RUN, KVM_GET_MP_STATE is stale with {0} pending and right "
        "with {1}; with {2} pending it changes what the vCPU does next, as "
        "KVM_SET_MP_STATE(RUNNABLE) does with {3}",
        figures,
    )


def _word(row: Measured, look: str) -> str:
    """What the look said: right, stale or changes. Raises Unsupported where it is not stored."""
    word = row.benchmark.provenance(f"kbench_truth_{look}")
    if not word:
        raise Unsupported(f"{row.benchmark.name}: its runs do not say what {look} showed")
    return word


def quirk(found: Sequence[LabKernel]) -> str:
    """Paolo Bonzini, 2023-09-23: "you can force an mpstate update with pthread_kill + KVM_RUN"."""

    def figures(lab: LabKernel) -> list[str]:
        return [str(lab("mpstate.right@kick").p50)]

    return told(
        found,
        "With that update, KVM_GET_MP_STATE says RUNNABLE a median of {0} instructions after the "
        "start of KVM_SIGNAL_MSI",
        figures,
    )


def fds(found: Sequence[LabKernel]) -> str:
    """A VMM that sleeps in poll(2) of the vCPU, against one that blocks in KVM_RUN."""

    def figures(lab: LabKernel) -> list[str]:
        poll, block = lab("wake.irqfd@hlt-exit-poll"), lab("wake.irqfd@hlt")
        return [str(poll.p50), str(block.p50), against(poll, block, LATENCY)]

    return told(
        found,
        "After a HLT that exited, a VMM in poll(2) of the vCPU and its other descriptors answers "
        "an irqfd write in a median of {0} instructions, one that blocks in KVM_RUN in {1}: {2}",
        figures,
    )
