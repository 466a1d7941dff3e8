# SPDX-License-Identifier: MIT
"""The forms of `kbench list`: families, selections and policies, or the benchmarks themselves.

JSON schema version 2: {"version": 2, "benchmarks": [{"name", "title", "targets": {TARGET:
{"unit", "available": bool, "reason"}}}]}; "unit" is "second", or "integer" for instructions,
and "reason" is "" where the target is available.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kbench.catalogue import Benchmark, IdleWindow, select
from kbench.catalogue.families import module
from kbench.catalogue.policies import POLICIES
from kbench.catalogue.selections import SELECTIONS, TITLES
from kbench.kvm.extension import variant
from kbench.lab.target import LabTarget
from kbench.present.data import to_json
from kbench.present.output import Makers
from kbench.present.table import Table, figures, words
from kbench.present.text import table_lines
from kbench.targets.host import Host

WIDTH = 80
UNITS = {Host.name: Host.unit, LabTarget.name: LabTarget.unit}
LAB_HERE = "kbench run exit --target lab --kvm all: in the lab, with the whole extension."
MORE = "kbench list exit: the benchmarks of a family; a glob as 'wake.*@hlt' does as well."


@dataclass(frozen=True, slots=True)
class Listed:
    """A benchmark, and by target why it cannot run there ("" where it can)."""

    row: Benchmark
    obstacles: Mapping[str, str]


def gather(selectors: Sequence[str]) -> list[Listed]:
    """The benchmarks that `selectors` name; the host is probed by running what is not known yet."""
    rows = select(selectors)
    found = {target.name: target.obstacles(rows) for target in (Host(), LabTarget())}
    return [
        Listed(row, {target: reasons[row.name] for target, reasons in found.items()})
        for row in rows
    ]


def makers(selectors: Sequence[str], width: int) -> Makers:
    """The forms: rows where there are selectors, else an overview."""
    found = gather(selectors)
    width = min(width, WIDTH)
    return {
        "table": lambda: to_text([benchmarks(found)] if selectors else overview(found), width),
        "json": lambda: to_json({"version": 2, "benchmarks": [_plain(one) for one in found]}),
    }


def to_text(tables: Sequence[Table], width: int) -> str:
    """The tables, an empty line between them."""
    return "\n\n".join("\n".join(table_lines(table, width)) for table in tables) + "\n"


def overview(found: Sequence[Listed]) -> list[Table]:
    """Families, selections and policies, with how many benchmarks run on this host."""
    (lab,) = {one.obstacles[LabTarget.name] for one in found}
    note = f"No lab here: {lab}" if lab else LAB_HERE
    families = tuple(
        (family, len(rows), sum(not one.obstacles[Host.name] for one in rows), _about(family))
        for family, rows in _by_family(found).items()
    )
    return [
        Table(
            (*words("family"), *figures("rows", "on host"), *words("what is measured")),
            families,
            notes=(note, MORE),
        ),
        Table(
            (*words("selection"), *figures("rows"), *words("what is measured")),
            tuple(
                (name, len(select([name])), TITLES.get(name, ", ".join(globs)))
                for name, globs in SELECTIONS.items()
                if name not in _by_family(found)
            ),
        ),
        policies(found),
    ]


def policies(found: Sequence[Listed]) -> Table:
    """Each policy, and where it runs: on this host, or in the lab with which KVM."""
    reasons = {
        one.row.policy: one.obstacles[Host.name]
        for one in reversed(found)
        if isinstance(one.row, IdleWindow)
    }
    return Table(
        words("policy", "when the guest is idle", "runs on"),
        tuple(
            (policy.name, policy.title, _where(policy.needs, reasons[policy.name]))
            for policy in POLICIES
        ),
    )


def _where(needs: str, obstacle: str) -> str:
    if not obstacle:
        return Host.name
    return f"lab --kvm {variant(needs)}" if needs else LabTarget.name


def benchmarks(found: Sequence[Listed]) -> Table:
    """One row a benchmark; why one does not run somewhere is a footnote."""
    notes: dict[str, int] = {}
    rows = []
    for one in found:
        reasons = [
            f"not on the {target}: {reason}" for target, reason in one.obstacles.items() if reason
        ]
        marks = "".join(f" [{notes.setdefault(text, len(notes) + 1)}]" for text in reasons)
        where = " ".join(target for target, reason in one.obstacles.items() if not reason)
        rows.append((one.row.name + marks, where or "nowhere", one.row.title))
    return Table(
        words("benchmark", "runs on", "what is measured"),
        tuple(rows),
        notes=tuple(f"[{mark}] {text}" for text, mark in notes.items()),
    )


def _by_family(found: Sequence[Listed]) -> dict[str, list[Listed]]:
    families: dict[str, list[Listed]] = {}
    for one in found:
        families.setdefault(one.row.family, []).append(one)
    return families


def _about(family: str) -> str:
    """The first line of the family's module, after its name."""
    text = module(family).__doc__ or ""
    return text.strip().splitlines()[0].partition(": ")[2].rstrip(".")


def _plain(one: Listed) -> dict[str, object]:
    return {
        "name": one.row.name,
        "title": one.row.title,
        "targets": {
            target: {"unit": UNITS[target], "available": not reason, "reason": reason}
            for target, reason in one.obstacles.items()
        },
    }
