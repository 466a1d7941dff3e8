# SPDX-License-Identifier: MIT
"""The host sides of `kbench gate --ab` and `--self-test`: who measures a run, and where to.

PATH        another kbench build: a venv or its Python interpreter
@VARIANT    this build, benchmarks NAME@VARIANT (a policy, or @real): @ alone is plain NAME
"""

import argparse
import json
from pathlib import Path

from kbench.catalogue import Benchmark, catalogue, select
from kbench.errors import KbenchError
from kbench.record.writer import SuiteWriter
from kbench.suite.suite import Suite, load
from kbench.targets.host import calibrated_loops
from kbench.targets.spawn import worker

LIMIT = 5.0  # seconds an entry may take


class HostSide:
    """Runs on this machine, each a pyperf worker process of `args.python`.

    `loops` is shared by both sides: what one has calibrated holds for the other, so that
    their runs have the same number of events. `variant` is appended to the names measured,
    not to those stored.
    """

    def __init__(
        self,
        label: str,
        writer: SuiteWriter,
        args: argparse.Namespace,
        loops: dict[str, int],
        *,
        variant: str = "",
        delay_ns: float = 0.0,
    ) -> None:
        self.label = label
        self._writer = writer
        self._args = args
        self._native = loops
        self._variant = variant
        self._delay_ns = delay_ns

    def measure(self, benchmark: str) -> bool:
        """Add one run, False for a void one; the first of a benchmark calibrates its loops."""
        name = benchmark + self._variant
        if benchmark not in self._native:
            output = worker(name, self._args, loops=0, limit=LIMIT)
            self._native[benchmark] = calibrated_loops(output)
        output = worker(
            name,
            self._args,
            loops=self._native[benchmark],
            limit=LIMIT,
            delay_ns=self._delay_ns,
        )
        run = self._writer.add(renamed(output, benchmark) if self._variant else output)
        return not run.void

    def suite(self) -> Suite:
        """All runs so far."""
        return load(self._writer.path)


def renamed(output: bytes, name: str) -> bytes:
    """The one run of a worker's `output` under another benchmark name."""
    suite = json.loads(output)
    (benchmark,) = suite["benchmarks"]
    for part in (suite, benchmark, *benchmark["runs"]):
        if "name" in part.get("metadata", {}):
            part["metadata"]["name"] = name
    return json.dumps(suite).encode()


def interpreter(path: Path) -> str:
    """The Python of a venv, or the interpreter that `path` is; KbenchError for anything else."""
    python = path / "bin" / "python" if path.is_dir() else path
    if not python.is_file():
        raise KbenchError(f"{path} is neither a virtual environment nor a Python interpreter")
    return str(python)


def named(selectors: list[str], variants: tuple[str, str]) -> list[str]:
    """Plain names (before any @) of what is selected and exists in both `variants`."""
    rows = {row.name for row in catalogue()}
    plain: dict[str, None] = {}
    for selector in selectors or ["exit"]:
        # wake.irqfd names no benchmark, but one for each policy.
        if all(selector + text in rows for text in variants):
            plain[selector] = None
        else:
            plain |= dict.fromkeys(row.name.partition("@")[0] for row in select([selector]))
    chosen = [name for name in plain if all(name + text in rows for text in variants)]
    if not chosen:
        both = " and as ".join(f"NAME{text}" for text in variants)
        raise KbenchError(f"no selected benchmark exists as {both}")
    return chosen


def delayable(selectors: list[str]) -> Benchmark:
    """The one benchmark of a self-test: its loop must be KVM_RUN's, which can be delayed."""
    rows = select(selectors or ["exit.pio_out"])
    if len(rows) != 1 or rows[0].loop != "kvm_run":
        names = ", ".join(row.name for row in rows)
        raise KbenchError(f"the self-test takes one benchmark that enters a guest, not {names}")
    return rows[0]
