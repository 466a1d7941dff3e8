# SPDX-License-Identifier: MIT
"""Writing a suite: every finished run is kept at once, whatever ends the writer.

A run is appended to the journal beside the suite (kbench.suite.journal), and the end of the
context makes the suite of it. A writer that was killed leaves its journal: whoever opens the
suite next completes it.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from kbench.errors import KbenchError
from kbench.files import check_absent, check_regular
from kbench.suite.format import UNIFORM, printable

if TYPE_CHECKING:
    from kbench.suite.pyperf_json import RunJson
    from kbench.suite.suite import Run, Suite


class SuiteWriter:
    """The pyperf suite at `path`: a context manager that leaves it complete.

    With `append`, an existing suite is kept and added to; with `force`, a session that measures
    anything replaces it. Otherwise an existing file is refused, as pyperf does. Benchmarks
    stand in the order of `names`, whatever order their runs come in.

    Raises KbenchError where that cannot be done, and while another process writes the suite, once
    `wait` seconds are over.
    """

    def __init__(
        self,
        path: Path,
        names: Sequence[str] = (),
        *,
        append: bool = False,
        force: bool = False,
        wait: float = 0.0,
    ) -> None:
        from kbench.suite.journal import Journal
        from kbench.suite.load import recover

        if path.suffix == ".gz":
            raise KbenchError(
                f"{path}: kbench writes plain JSON; python -m pyperf convert packs it"
            )
        check_regular(path)
        self.path = path
        self._names = tuple(names)
        self._journal = Journal(path, wait)
        with ExitStack() as undo:
            undo.push(self._journal)
            recover(self._journal)
            undo.callback(self._journal.remove)
            if not (append or force):
                check_absent(path, "choose another -o, or --append, or --force")
            self._runs = self._stored() if append and path.exists() else []
            self._kept = len(self._runs)
            self._first = {str(run.metadata["name"]): run.metadata for run in reversed(self._runs)}
            self._appended_to = frozenset(self._first)
            undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        from kbench.suite.stored import canonical, grouped

        with self._journal as journal:
            if len(self._runs) > self._kept:
                journal.complete(canonical(grouped(self._names, self._runs)))
            journal.remove()

    def __len__(self) -> int:
        return len(self._runs)

    def suite(self) -> "Suite":
        """All runs so far. Raises KbenchError where there are none."""
        from kbench.suite.load import checked
        from kbench.suite.stored import grouped

        return checked(self.path, grouped(self._names, self._runs))

    def add(self, output: bytes) -> "Run":
        """Add the one run that a worker wrote and return it.

        Raises KbenchError, and adds nothing, where pyperf would not have it: with a value of
        0, as of a guest without an event, or not beside the runs that are there; for the
        phases of a lab sample that the file has already; and where the disk is full.
        """
        import msgspec

        from kbench.suite.pyperf_json import SuiteJson, decode
        from kbench.suite.stored import Header, expanded
        from kbench.suite.suite import Run

        stored = next(expanded(decode("the worker's result", output, SuiteJson)))
        stored.metadata = printable(stored.metadata)
        run = Run(tuple(stored.values), stored.metadata, {})
        self._check(run)
        first = len(self._runs) == self._kept
        header = Header(list(self._names), keeps=self._kept > 0)
        lines = [header, stored] if first else [stored]
        self._journal.append(*map(msgspec.json.encode, lines))
        self._runs.append(stored)
        self._first.setdefault(str(run.get("name")), stored.metadata)
        return run

    def _check(self, run: "Run") -> None:
        name = str(run.get("name"))
        if any(value <= 0 for value in run.values):
            raise KbenchError(f"{name}: {run.void or 'it took no time'}")
        if name in self._appended_to and run.get("kbench_phases"):
            raise KbenchError(f"{name}: {self.path} has these phases, which repeat bit for bit")
        first = self._first.get(name, run.metadata)
        for key in UNIFORM:
            if first.get(key) != run.get(key):
                raise KbenchError(
                    f"{name} cannot be added to {self.path}: {key} is {run.get(key)!r}, "
                    f"there it is {first.get(key)!r}"
                )

    def _stored(self) -> "list[RunJson]":
        """The runs of the suite that is there, which load() would take."""
        from kbench.suite.load import checked
        from kbench.suite.pyperf_json import Limits, read
        from kbench.suite.stored import expanded

        stored = read(self.path, Limits())
        checked(self.path, stored)
        return list(expanded(stored))
