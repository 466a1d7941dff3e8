# SPDX-License-Identifier: MIT
"""`bisect --cluster`: the client builds each commit's kernel, the workers count on it."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from support.fleet import PretendedLab, result
from support.kernels import GitTree

from kbench.fleet import tasks
from kbench.fleet.fleet import Fleet
from kbench.fleet.lab import FleetLabs
from kbench.fleet.shipment import Shipment
from kbench.judge import history
from kbench.judge.bisection import Move
from kbench.judge.functions import FunctionChanges
from kbench.lab.vm.qemu import installed
from kbench.record.recording import Metadata
from kbench.session import bisect

NAME = "exit.pio_out"
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def counted(kernel: Shipment, modules: Shipment) -> PretendedLab:
    """A lab on the kernel that came: its count is what the commit's core.c says."""
    vmlinux = dict(kernel.files)["vmlinuz"]
    count = int(vmlinux.removeprefix(b"\177ELF\002"))
    facts: Metadata = {"kbench_cpu_model": "QEMU TCG"}
    return PretendedLab(lambda name, worker: replace(result(name, count), facts=facts))


def test_the_commits_that_moved_a_count(
    address: str, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = GitTree(tmp_path / "linux")
    for number, words in enumerate(("100", "100", "105", "105", "broken", "112")):
        tree.commit(**{"core.c": words, "net.c": str(number)})
        if not number:
            tree.git("tag", "good")
    monkeypatch.setattr(tasks, "_lab", counted)
    monkeypatch.setattr(installed, "find", lambda: installed.Qemu("qemu", "7.2.22"))
    monkeypatch.setattr(
        bisect._Lab, "functions", lambda *ends: FunctionChanges(NAME, 0, reason="not explained")
    )
    said: list[str] = []
    with Fleet(address, said.append) as fleet:
        found = bisect.bisect(
            "good", "main", f"{tree.place},tiny", NAME,
            threshold=1, every=1, keep=tmp_path / "history", report=said.append,
            place=FleetLabs(fleet, said.append),
        )  # fmt: skip
    assert found.moves == (Move(1, 2), Move(3, 5))
    figures = {index: step.figure for index, step in found.steps.items()}
    assert figures == {0: 100, 1: 100, 2: 105, 3: 105, 4: None, 5: 112}
    assert len(history.entries(tmp_path / "history")) == 5, "all that can be measured"
