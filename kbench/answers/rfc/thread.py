# SPDX-License-Identifier: MIT
"""What the RFC's thread asked, word for word, with who wrote it and when.

Dates are those of the Date headers where a reply quotes them, else the archive's.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quote:
    author: str
    date: str
    text: str


DAVID, PAOLO = "David Woodhouse", "Paolo Bonzini"
POSTED, FLAGS, PONDERED = "Mon, 2023-09-18", "Fri, 2023-09-22", "Sat, 2023-09-23"
AGREED = "Tue, 2023-09-26"

QUOTES = {
    "neighbour": Quote(DAVID, POSTED, "It can also lead to noisy neighbour effects"),
    "yield": Quote(DAVID, POSTED, "For a start, we can stick a yield() into that busy-loop."),
    "bounce": Quote(
        DAVID,
        POSTED,
        "Better still, we can bounce all the way out to *userspace* on an MWAIT exit",
    ),
    "mp_state": Quote(
        DAVID,
        POSTED,
        "The VMM can poll the mp_state and know when the vCPU should be run again. But not poll()",
    ),
    "intercepts": Quote(
        PAOLO,
        FLAGS,
        "Perhaps KVM_ENABLE_CAP(KVM_X86_DISABLE_EXITS) could be changed to do nothing except "
        "writing to a new kvm_run field?",
    ),
    "flags": Quote(
        PAOLO,
        FLAGS,
        "To avoid races you need two flags though; there needs to be also a kernel->userspace "
        "communication of whether the vCPU is currently in HLT or MWAIT",
    ),
    "step": Quote(
        PAOLO,
        FLAGS,
        "you could reenter MWAIT with the MWAIT-exiting bit cleared and the monitor trap flag bit "
        "(or just EFLAGS.TF) set.",
    ),
    "lowprio": Quote(
        DAVID,
        PONDERED,
        "Perhaps coupled with setting the scheduling priority as low as possible while it's "
        "actually on the MWAIT",
    ),
    "page": Quote(
        DAVID,
        PONDERED,
        "Unless we can tolerate 4KiB granularity and actually get the read-only and minor fault "
        "trick working.",
    ),
    "see": Quote(DAVID, PONDERED, "So we'll play with it and see what we get out of it."),
    "quirk": Quote(
        PAOLO,
        PONDERED,
        "It's not going to be a speed demon, but it's worth writing a selftest for it.",
    ),
    "vtl": Quote(
        "Alexander Graf",
        PONDERED,
        "user space needs to stop VTL0 and unpause VTL1 until it triggers VTL_RETURN",
    ),
    "poll": Quote(PAOLO, AGREED, "In any case, making vCPUs poll()-able is sensible."),
    "mess": Quote(
        "Sean Christopherson",
        "Wed, 2023-09-27",
        '"HLT" and "mp_state", which is a bit of a mess',
    ),
}
