# SPDX-License-Identifier: MIT
"""The forms of `kbench doctor`.

JSON schema version 1: {"version": 1, "backend", "hypervisor": bool, "cpu_model", "kernel",
"auto": {"target", "reason"}, "host": {"available": bool, "reason", "benchmarks": {NAME:
reason or ""}}, "capabilities": [{"name", "value", "use"}], "checks": [{"name", "ok": bool,
"found", "why", "mend"}]}. A "reason" is "" where there is nothing to explain; "why" and
"mend" are "" where "ok".
"""

from collections.abc import Iterator
from dataclasses import asdict
from json import dumps
from textwrap import fill

from kbench.doctor.capabilities import Abilities, abilities
from kbench.doctor.disturbances import Check, checks, facts
from kbench.record.recording import Metadata


def as_json() -> str:
    """What was found, for programs."""
    can, found = abilities(), facts()
    document = {
        "version": 1,
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
    return dumps(document, indent=2)


def as_text() -> str:
    """What was found, for people."""
    can, found = abilities(), facts()
    return "\n".join([*_machine(can, found), *_capabilities(can), *_checks(checks(found))])


def _machine(can: Abilities, found: Metadata) -> Iterator[str]:
    virtual = ", in a virtual machine" if found["kbench_hypervisor"] == "yes" else ""
    yield f"backend   {found['kbench_backend']}{virtual}"
    yield f"machine   {found['kbench_cpu_model']}, Linux {found['kbench_kernel']}"
    if can.host_reason:
        yield f"host      cannot be measured: {can.host_reason}"
    else:
        count = f"{can.runnable} of {len(can.obstacles)} benchmarks run"
        yield f"host      {count} (kbench list says which, and why not)"
    yield f"target    auto is {can.auto}" if can.auto else f"target    none: {can.auto_reason}"


def _capabilities(can: Abilities) -> Iterator[str]:
    if not can.capabilities:
        return
    width = max(len(capability.name) for capability in can.capabilities)
    yield "\nKVM's capabilities, and what kbench uses them for"
    for capability in can.capabilities:
        value = str(capability.value) if capability.value else "missing"
        yield f"  {capability.name:{width}}  {value:>7}  {capability.use}"


def _checks(results: list[Check]) -> Iterator[str]:
    disturbing = [check for check in results if not check.ok]
    if disturbing:
        yield "\nWhat disturbs measurements here"
    for check in disturbing:
        yield fill(
            f"{check.name}: {check.found}", 100, initial_indent="  ", subsequent_indent="    "
        )
        yield f"    why:  {check.why}"
        yield f"    mend: {check.mend}"
    fine = ", ".join(f"{check.name} {check.found}" for check in results if check.ok)
    yield "\n" + fill(f"Nothing to mend: {fine or 'none of the above'}", 100)
