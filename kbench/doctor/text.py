# SPDX-License-Identifier: MIT
"""The forms of `kbench doctor`.

JSON schema version 2: {"version": 2, "backend", "hypervisor": bool, "cpu_model", "kernel",
"auto": {"target", "reason"}, "host": {"available": bool, "reason", "benchmarks": {NAME:
reason or ""}}, "capabilities": [{"name", "value", "use"}], "checks": [{"name", "ok": bool,
"found", "why", "fix"}]}. A "reason" is "" where there is nothing to explain; "why" and
"fix" are "" where "ok". Version 1 had another name for "fix".
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from kbench.doctor.capabilities import Abilities, abilities
from kbench.doctor.disturbances import Check, checks, facts
from kbench.present.data import to_json
from kbench.present.output import Makers
from kbench.present.table import Table, figures, words
from kbench.present.text import grid_lines, wrapped
from kbench.record.recording import Metadata

WIDTH = 80
"""Sentences of more columns are hard to read on any terminal."""


def makers(width: int) -> Makers:
    """The forms of what was found."""
    can, found = abilities(), facts()
    return {
        "table": lambda: as_text(can, found, min(width, WIDTH)),
        "json": lambda: as_json(can, found),
    }


def as_json(can: Abilities, found: Metadata) -> str:
    """What was found, for programs."""
    document = {
        "version": 2,
        "backend": found["kbench_backend"],
        "hypervisor": found["kbench_hypervisor"] == "yes",
        "cpu_model": found["kbench_cpu_model"],
        "kernel": found["kbench_kernel"],
        "auto": {"target": can.auto, "reason": can.auto_reason},
        "host": {
            "available": not can.host_reason,
            "reason": can.host_reason,
            "benchmarks": can.obstacles,
        },
        "capabilities": [asdict(capability) for capability in can.capabilities],
        "checks": [{"ok": check.ok, **asdict(check)} for check in checks(found)],
    }
    return to_json(document)


def as_text(can: Abilities, found: Metadata, width: int) -> str:
    """What was found, for people."""
    results = checks(found)
    parts = (_machine(can, found, width), _capabilities(can, width), _checks(results, width))
    return "\n\n".join("\n".join(part) for part in map(list, parts) if part) + "\n"


def _machine(can: Abilities, found: Metadata, width: int) -> Iterator[str]:
    virtual = ", in a virtual machine" if found["kbench_hypervisor"] == "yes" else ""
    host = f"{can.runnable} of {len(can.obstacles)} benchmarks run (kbench list says which)"
    rows = (
        ("backend", f"{found['kbench_backend']}{virtual}"),
        ("system", f"{found['kbench_cpu_model']}, Linux {found['kbench_kernel']}"),
        ("host", f"cannot be measured: {can.host_reason}" if can.host_reason else host),
        ("target", f"auto is {can.auto}" if can.auto else f"none: {can.auto_reason}"),
    )
    yield from grid_lines(Table(words("", ""), rows), width)[1:]


def _capabilities(can: Abilities, width: int) -> Iterator[str]:
    if not can.capabilities:
        return
    rows = tuple(
        (capability.name, str(capability.value) if capability.value else "missing", capability.use)
        for capability in can.capabilities
    )
    columns = (*words("KVM capability"), *figures("value"), *words("what kbench uses it for"))
    yield from grid_lines(Table(columns, rows), width)


def _checks(results: Sequence[Check], width: int) -> Iterator[str]:
    disturbing = [check for check in results if not check.ok]
    if disturbing:
        yield "What disturbs measurements here"
    for check in disturbing:
        yield from wrapped(f"{check.name}: {check.found}", width, "  ")
        yield from wrapped(check.why, width, "    why:  ")
        yield from wrapped(check.fix, width, "    fix:  ")
    fine = ", ".join(f"{check.name} {check.found}" for check in results if check.ok)
    yield from wrapped(f"Nothing to fix: {fine or 'none of these'}", width)
