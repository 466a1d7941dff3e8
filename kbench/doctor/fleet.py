# SPDX-License-Identifier: MIT
"""The forms of `kbench cluster`: the machines of a fleet, and what disturbs each.

JSON schema version 1: {"version": 1, "scheduler", "machines": [{"machine", "address", "cpus",
"labels": {NAME: value}, "labs", "lab_reason", "kvm_reason", "facts": {KEY: value}, "refused",
"checks": [{"name", "ok": bool, "found", "why", "fix"}]}]}. A reason is "" where there is nothing
to explain; "refused" says why this client's sessions pass the machine by, and it has then no
checks.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from kbench.doctor.disturbances import Check, checks, facts
from kbench.present.data import to_json
from kbench.present.output import Makers
from kbench.present.table import Table, figures, words
from kbench.present.text import grid_lines, wrapped
from kbench.session.places import require_extra
from kbench.session.progress import say

if TYPE_CHECKING:
    from kbench.fleet.member import Member


@dataclass(frozen=True)
class Examined:
    """A machine, why it is passed by ("" where it is not), and what doctor finds there."""

    member: "Member"
    refused: str
    checks: tuple[Check, ...]


def makers(address: str, width: int) -> Makers:
    """The forms of the fleet at `address`. Raises KbenchError as Fleet() does."""
    found = examine(address)
    return {"table": lambda: as_text(found, width), "json": lambda: as_json(address, found)}


def examine(address: str) -> list[Examined]:
    """Every machine, with doctor run on each that has this kbench."""
    require_extra()
    from kbench.fleet.fleet import Fleet
    from kbench.fleet.labels import host_labels, lacking

    with Fleet(address, say) as fleet:
        known = fleet.members()
        refused = {each.address: lacking(host_labels(), each.labels) for each in known}
        asked = [place for place, reason in refused.items() if not reason]
        answers = fleet.client.run(_checks, workers=asked, on_error="ignore") if asked else {}
    return [
        Examined(each, refused[each.address], tuple(answers.get(each.address, ())))
        for each in sorted(known, key=lambda each: (each.machine, each.address))
    ]


async def _checks() -> list[Check]:
    """What disturbs there; it reads for half a second, beside the worker's own business."""
    return await asyncio.to_thread(lambda: checks(facts()))


def as_json(address: str, found: Sequence[Examined]) -> str:
    """What was found, for programs."""
    machines = [
        {
            **asdict(each.member),
            "refused": each.refused,
            "checks": [{"ok": check.ok, **asdict(check)} for check in each.checks],
        }
        for each in found
    ]
    return to_json({"version": 1, "scheduler": address, "machines": machines})


def as_text(found: Sequence[Examined], width: int) -> str:
    """What was found, for people."""
    rows = tuple(
        (
            each.member.machine,
            each.member.address,
            str(each.member.labs),
            "no" if each.member.kvm_reason else str(each.member.facts["kbench_backend"]),
            f"{each.member.facts['kbench_cpu_model']}, Linux {each.member.facts['kbench_kernel']}",
        )
        for each in found
    )
    columns = (*words("machine", "worker"), *figures("labs"), *words("times", "system"))
    lines = grid_lines(Table(columns, rows), width)
    for each in found:
        lines += [*_reasons(each, width)]
    return "\n".join(lines) + "\n"


def _reasons(each: Examined, width: int) -> list[str]:
    member = each.member
    disturbing = [f"{check.name} {check.found}" for check in each.checks if not check.ok]
    said = {
        "passed by": each.refused,
        "no lab": member.lab_reason,
        "no times": member.kvm_reason,
        "disturbs times": ", ".join(disturbing),
    }
    return [
        line
        for what, why in said.items()
        if why
        for line in wrapped(f"{member.machine} {what}: {why}", width)
    ]
