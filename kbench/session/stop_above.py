# SPDX-License-Identifier: MIT
"""`kbench run --stop-above 50us`: what may be stopped, and at how much."""

import re
from collections.abc import Sequence

from kbench.catalogue import Benchmark, RoundTrip
from kbench.errors import KbenchError

_TIME = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s)")
_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
MOST_NS = 10_000_000_000
"""A KVM_RUN takes 5 s at most, if --limit does not say otherwise."""


def stop_above(text: str, unit: str) -> float:
    """The limit `text` says: ns where the target's `unit` is "second", else instructions.

    Raises KbenchError for what is none of a target with this unit.
    """
    if unit == "integer":
        digits = text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_NS))
        if not digits or not 0 < int(text) < MOST_NS:
            raise KbenchError(
                f"--stop-above {text}: the lab counts instructions: a whole number, as in 3100"
            )
        return float(text)
    found = _TIME.fullmatch(text)
    ns = float(found[1]) * _NS[found[2]] if found else 0.0
    if not 1 <= ns <= MOST_NS:
        raise KbenchError(
            f"--stop-above {text}: a time from 1ns to {MOST_NS // _NS['s']}s with its unit, as in "
            "50us or 1.5ms"
        )
    return ns


def require_stoppable(rows: Sequence[Benchmark]) -> None:
    """Raise KbenchError where one is not a series of single entries of a guest."""
    for row in rows:
        if not (isinstance(row, RoundTrip) and row.loop in ("kvm_run", "halt")):
            raise KbenchError(
                f"--stop-above is for single round trips, as of family exit: {row.name} has none"
            )
