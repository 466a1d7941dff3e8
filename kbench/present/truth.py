# SPDX-License-Identifier: MIT
"""The forms of `kbench truth`: what each way to look at a halted vCPU says of each event.

JSON schema version 1: {"version": 1, "benchmarks": [{"file", "event", "truth", "looks":
{LOOK: WORD}}]}; "truth" is "runs" or "blocks", what KVM_RUN does; a WORD is "right", "stale" or
"changes".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kbench.catalogue.mpstate import LOOKS, TRUTH
from kbench.errors import KbenchError
from kbench.present import data, markdown, text
from kbench.present.output import Makers
from kbench.present.table import Table, words
from kbench.suite.suite import Benchmark, Suite

NONE = "no mpstate.truth@* here: kbench run 'mpstate.truth@*' measures it"
PLACE = "mpstate.truth@"
SHORT = {
    "get": "GET_MP_STATE",
    "immediate": "immediate_exit, GET",
    "kick": "signal, RUN, GET",
    "events": "GET_VCPU_EVENTS",
    "lapic": "GET_LAPIC",
    "set": "SET(RUNNABLE)",
}
NOTES = (
    "right: it says whether KVM_RUN runs the guest; stale: it says otherwise; changes: the guest "
    "has other registers afterwards, or KVM_RUN does something else than without the look.",
    "SET(RUNNABLE) says nothing: it is right where KVM_RUN does what it had done without it.",
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One event: what KVM_RUN does, and each look's word."""

    event: str
    truth: str
    looks: Mapping[str, str]


def facts(suite: Suite) -> list[Fact]:
    """The events of a suite, in the catalogue's order. Raises KbenchError where it has none."""
    found = {
        row.name.removeprefix(PLACE).replace("-", "_"): row
        for row in suite
        if row.name.startswith(PLACE)
    }
    if not found:
        raise KbenchError(f"{suite.path}: {NONE}")
    return [_fact(event, found[event]) for event in TRUTH if event in found]


def _fact(event: str, row: Benchmark) -> Fact:
    looks = {look: row.provenance(f"kbench_truth_{look}") for look in LOOKS}
    return Fact(event, row.provenance("kbench_truth"), looks)


def makers(suites: Sequence[Suite], width: int) -> Makers:
    """The forms of these suites."""
    shown = {suite.path: facts(suite) for suite in suites}
    tables = [_table(suite, shown[suite.path]) for suite in suites]
    return {
        "table": lambda: "\n".join("\n".join([*text.table_lines(t, width), ""]) for t in tables),
        "md": lambda: "\n".join("\n".join([*markdown.table_lines(t), ""]) for t in tables),
        "json": lambda: _to_json(shown),
    }


def _table(suite: Suite, found: Sequence[Fact]) -> Table:
    row = next(each for each in suite if each.name.startswith(PLACE))
    where = f"Linux {row.provenance('kbench_kernel')}, {row.provenance('kbench_backend')}"
    return Table(
        words("event", "KVM_RUN", *(SHORT[look] for look in LOOKS)),
        tuple((TRUTH[fact.event], fact.truth, *fact.looks.values()) for fact in found),
        f"A halted vCPU outside KVM_RUN: {where}",
        NOTES,
    )


def _to_json(shown: Mapping[Path, Sequence[Fact]]) -> str:
    rows = [
        {"file": str(path), "event": fact.event, "truth": fact.truth, "looks": dict(fact.looks)}
        for path, found in shown.items()
        for fact in found
    ]
    return data.to_json({"version": 1, "benchmarks": rows})
