# SPDX-License-Identifier: MIT
"""The sentences by name: what a template may say, and nothing beside it."""

from collections.abc import Callable, Iterable, Sequence

from kbench.answers.measured import Unsupported
from kbench.answers.rfc import exits, hunts, idling, leaves, levels, mpstate, yields
from kbench.answers.rfc.lab import LabKernel, labs
from kbench.suite.suite import Suite

Sentence = Callable[[Sequence[LabKernel]], str]

SENTENCES: dict[str, Sentence] = {
    "nop": yields.nop,
    "yield": yields.verdict,
    "yield-cgroups": yields.cgroups,
    "in-thread": yields.in_thread,
    "slices": yields.slices,
    "mwait-exit": exits.mwait,
    "idle-round": exits.idle_round,
    "port-write": exits.scale,
    "unused": exits.unused,
    "alone": exits.alone,
    "posted": exits.posted,
    "chosen": exits.chosen,
    "idle-cost": idling.cost,
    "never-blocks": idling.never_blocks,
    "idle-least": idling.cheapest,
    "userspace-halt": idling.userspace_halt,
    "wakes-first": idling.soonest,
    "whole-pcpu": idling.whole_pcpu,
    "idle-length": idling.after_idling,
    "mp-state": mpstate.polled,
    "quirk": mpstate.quirk,
    "mp-state-truth": mpstate.truth,
    "poll": mpstate.fds,
    "flag-hlt": hunts.halted,
    "flag-mwait": hunts.waiting,
    "flag-step": hunts.stepped,
    "flag-asks": hunts.asked,
    "vtl-enter": levels.enters,
    "vtl-idle": levels.idle,
    "vtl-timer": levels.timer,
    "vtl-state": levels.state,
    "leaves-most": leaves.most,
    "competitor": leaves.competitor,
    "monitored": leaves.monitored,
    "shared-page": leaves.shared,
}


def answer(name: str, suites: Iterable[Suite]) -> str:
    """The sentence `name` of these suites, or the reason why they do not support it.

    Raises KeyError for a sentence that does not exist.
    """
    say = SENTENCES[name]
    try:
        return say(labs(suites))
    except Unsupported as reason:
        return f"Not answered ({name}): {reason}."
