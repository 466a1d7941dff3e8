# SPDX-License-Identifier: MIT
"""`kbench gate BASE HEAD --confirm`: what is worse is measured again before it fails a build."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from kbench.catalogue import find
from kbench.errors import KbenchError
from kbench.judge.compare import Comparison, Options, compare
from kbench.judge.verdict import Change, Verdict
from kbench.record import provenance
from kbench.record.writer import SuiteWriter
from kbench.session.progress import progress_bar
from kbench.suite.load import load
from kbench.suite.suite import Suite
from kbench.targets.host import Host
from kbench.targets.options import RunOptions

SAME_HERE = (
    *("kbench_version", "kbench_backend", "kbench_cpu_model"),
    *("kbench_kernel", "kbench_kvm_srcversion", "kbench_extension"),
)
"""What head's runs and those of this machine must have in common."""


def confirmed(first: Comparison, base: Suite, head: Suite, options: Options) -> Comparison:
    """`first` with its regressions on the host measured again, as many runs as head has of them.

    The second measurement is judged alone, against base: a change that is not worse again is
    what it is then. Counts of the lab stay: measured again they are the same. Raises
    KbenchError where this is not head's machine, KVM and kbench, or nothing could be measured.
    """
    names = list(dict.fromkeys(row.benchmark for row in first.changes if _red(row)))
    if not names:
        return first
    _require_here(head, names)
    runs = max(len(head.benchmarks[name].runs) for name in names)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "again.json"
        with SuiteWriter(path, names) as writer, progress_bar(Console(stderr=True)) as show:
            rows = [find(name) for name in names]
            outcome = Host().measure(rows, RunOptions(processes=runs), writer, progress=show)
        if failed := [*outcome.failed.values(), *outcome.skips()]:
            raise KbenchError(f"--confirm could not measure again: {'; '.join(failed)}")
        only = replace(base, benchmarks={name: base.benchmarks[name] for name in names})
        again = compare(only, load(path), options)
    found = {(row.benchmark, row.metric): row for row in again.changes}
    changes = tuple(_settled(row, found) for row in first.changes)
    return replace(first, changes=changes, voids=(*first.voids, *again.voids))


def _red(row: Change) -> bool:
    worse = row.verdict is Verdict.WORSE and not row.acknowledged
    return worse and not row.exact and row.unit == "second"


def _settled(row: Change, again: dict[tuple[str, str], Change]) -> Change:
    second = again.get((row.benchmark, row.metric))
    if not _red(row) or second is None:
        return row
    note = f"measured again: at first it was {row.mid:+.1%}, worse"
    return replace(second, notes=(*second.notes, note))


def _require_here(head: Suite, names: Sequence[str]) -> None:
    here = provenance.machine()
    for name in names:
        for key in SAME_HERE:
            there = head.benchmarks[name].provenance(key)
            if there != str(here[key]):
                raise KbenchError(
                    f"--confirm measures where head was measured: {key.removeprefix('kbench_')} of "
                    f"{head.path} is {there or 'unknown'}, here it is {here[key]}"
                )
