# SPDX-License-Identifier: MIT
"""The sides on a host: who measures a run, and into which suite.

PATH        another kbench build: a venv or its Python interpreter
@VARIANT    this build, benchmarks NAME@VARIANT (a policy, or @real): @ alone is plain NAME
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kbench.catalogue import catalogue, select
from kbench.errors import KbenchError
from kbench.kernels.find import ORIGINS
from kbench.kmod.variants import variants
from kbench.record.writer import SuiteWriter
from kbench.suite.suite import Suite
from kbench.targets.host import HostPlace, ThisHost, calibrated_loops
from kbench.targets.options import RunOptions


class HostSide:
    """Runs on `host`, by default this one, each a worker process as `options` say.

    Both sides share `loops`: what one has calibrated holds for the other, so that their runs
    have the same number of events. `variant` is appended to the names measured, not to those
    stored.
    """

    def __init__(
        self,
        label: str,
        writer: SuiteWriter,
        options: RunOptions,
        loops: dict[str, int],
        variant: str = "",
        host: HostPlace | None = None,
    ) -> None:
        self.label = label
        self._writer = writer
        self._options = options
        self._loops = loops
        self._variant = variant
        self._host = host or ThisHost()

    def measure(self, benchmark: str) -> bool:
        """Add one run, False for a void one; the first of a benchmark calibrates its loops."""
        name = benchmark + self._variant
        if benchmark not in self._loops:
            undelayed = replace(self._options, delay_ns=0.0)
            self._loops[benchmark] = calibrated_loops(self._host.worker(name, undelayed, loops=0))
        output = self._host.worker(name, self._options, loops=self._loops[benchmark])
        run = self._writer.add(renamed(output, benchmark) if self._variant else output)
        return not run.void

    def suite(self) -> Suite:
        """All runs so far."""
        return self._writer.suite()


def side(text: str) -> tuple[RunOptions, str]:
    """The options and the variant of a side as typed: PATH or @VARIANT.

    Raises KbenchError for the name of a KVM variant, and for a path without a Python.
    """
    if not is_host(text):
        raise KbenchError(f"{text} is a KVM variant for the lab, the other side is on the host")
    if text.startswith("@"):
        if text[1:] in (one.name for one in variants()):
            raise KbenchError(
                f"{text} names benchmarks (NAME{text}), {text[1:]} is a variant of KVM: "
                "--ab takes those without @, and measures them in the lab"
            )
        return RunOptions(), text if len(text) > 1 else ""
    return RunOptions(python=interpreter(Path(text))), ""


def is_host(text: str) -> bool:
    """Paths, venvs and @VARIANTs are measured on the host, KVM variants and kernels in the lab."""
    if text.startswith(tuple(f"{origin}:" for origin in ORIGINS)):
        return False
    return text.startswith("@") or "/" in text or Path(text, "pyvenv.cfg").is_file()


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


def named(selectors: Sequence[str], suffixes: tuple[str, str]) -> list[str]:
    """Plain names (before any @) of what is selected and exists in both `suffixes`."""
    rows = {row.name for row in catalogue()}
    plain: dict[str, None] = {}
    for selector in selectors or ["exit"]:
        # wake.irqfd names no benchmark, but one for each policy.
        if all(selector + text in rows for text in suffixes):
            plain[selector] = None
        else:
            plain |= dict.fromkeys(row.name.partition("@")[0] for row in select([selector]))
    chosen = [name for name in plain if all(name + text in rows for text in suffixes)]
    if not chosen:
        both = " and as ".join(f"NAME{text}" for text in suffixes)
        raise KbenchError(f"no selected benchmark exists as {both}")
    return chosen
