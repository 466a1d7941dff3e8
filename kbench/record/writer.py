# SPDX-License-Identifier: MIT
"""Writing a suite: after each run the file on disk is complete and readable.

While a suite grows, its runs are stored as the workers made them, each with all its
metadata: adding one is a concatenation. close() has pyperf write the file once more,
with what the runs share factored out.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kbench.errors import KbenchError
from kbench.files import check_absent, temporary_beside
from kbench.suite.format import UNIFORM, present_names
from kbench.suite.load import load
from kbench.suite.suite import Run

# Of pyperf's metadata, what tells where somebody keeps Python and nothing of what was measured.
PATHS = ("python_executable", "python_config_args", "python_cflags")


class SuiteWriter:
    """The pyperf suite at `path`; a context manager that leaves it canonical.

    With `append`, an existing suite is kept and added to; with `force`, it is replaced
    once the first run is there. Otherwise an existing file is refused, as pyperf does.
    Benchmarks stand in the order of `names`, whatever order their runs come in.
    """

    def __init__(
        self,
        path: Path,
        names: Sequence[str] = (),
        *,
        append: bool = False,
        force: bool = False,
    ) -> None:
        if path.suffix == ".gz":
            raise KbenchError(
                f"{path}: kbench writes plain JSON; python -m pyperf convert packs it"
            )
        self.path = path
        self._runs: dict[str, list[str]] = {name: [] for name in names}
        self._appended_to: set[str] = set()
        if path.exists() and append:
            self._load()
        elif not force:
            check_absent(path, "choose another -o, or --append, or --force")
        self._temporary = temporary_beside(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if any(self._runs.values()):
                self._canonical()
        finally:
            self._temporary.unlink(missing_ok=True)

    def __len__(self) -> int:
        return sum(map(len, self._runs.values()))

    def add(self, output: bytes) -> Run:
        """Add the one run that a worker wrote and return it.

        Raises KbenchError, and adds nothing, where pyperf would not have it: with a value of
        0, as of a guest without an event, or not beside the runs that are there; and for the
        windows of a lab sample that the file has already.
        """
        raw, name = self._expand(json.loads(output))[0]
        run = Run(tuple(raw.get("values", ())), raw["metadata"], {})
        if any(value <= 0 for value in run.values):
            raise KbenchError(f"{name}: {run.void or 'it took no time'}")
        if name in self._appended_to and run.get("kbench_windows"):
            raise KbenchError(f"{name}: {self.path} has these windows, which repeat bit for bit")
        self._check(name, raw["metadata"])
        self._runs.setdefault(name, []).append(json.dumps(raw))
        self._store()
        return run

    def _check(self, name: str, metadata: dict[str, Any]) -> None:
        if not self._runs.get(name):
            return
        first = json.loads(self._runs[name][0])["metadata"]
        for key in UNIFORM:
            if first.get(key) != metadata.get(key):
                raise KbenchError(
                    f"{name} cannot be added to {self.path}: {key} is {metadata.get(key)!r}, "
                    f"there it is {first.get(key)!r}"
                )

    def _load(self) -> None:
        load(self.path)  # refuses what is no suite, with the reason
        for run, name in self._expand(json.loads(self.path.read_bytes())):
            self._runs.setdefault(name, []).append(json.dumps(run))
            self._appended_to.add(name)

    @staticmethod
    def _expand(suite: Any) -> list[tuple[dict[str, Any], str]]:
        """Every run with its whole metadata but PATHS, and its benchmark's name."""
        expanded = []
        for benchmark in suite["benchmarks"]:
            shared = {**suite.get("metadata", {}), **benchmark.get("metadata", {})}
            for run in benchmark["runs"]:
                metadata = present_names({**shared, **run.get("metadata", {})})
                run["metadata"] = {key: metadata[key] for key in metadata if key not in PATHS}
                expanded.append((run, metadata["name"]))
        return expanded

    def _store(self) -> None:
        benchmarks = ",\n".join(
            f'{{"runs": [{", ".join(runs)}]}}' for runs in self._runs.values() if runs
        )
        text = f'{{"version": "1.0", "benchmarks": [{benchmarks}]}}\n'
        try:
            self._temporary.write_text(text)
            self._replace()
        except OSError as error:
            raise KbenchError(f"cannot write {self.path}: {error.strerror}") from None

    def _canonical(self) -> None:
        import pyperf

        try:
            suite = pyperf.BenchmarkSuite.load(str(self.path))
            suite.dump(str(self._temporary), compact=True, replace=True)
            self._replace()
        except OSError as error:
            raise KbenchError(f"cannot write {self.path}: {error.strerror}") from None

    def _replace(self) -> None:
        self._temporary.replace(self.path)
