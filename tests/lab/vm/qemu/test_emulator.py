# SPDX-License-Identifier: MIT
"""Labs of a cache that is read-only."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kbench.lab.vm.qemu import emulator

LABS = 4


def test_labs_that_start_at_once_share_one_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = []

    def copy(ram: Path, into: Path) -> None:
        copied.append(into)
        time.sleep(0.05)  # the others come while it copies

    monkeypatch.setattr(emulator, "_copy_ram", copy)
    start = threading.Barrier(LABS)

    def ask(_: int) -> Path:
        start.wait(30)
        return emulator._writable(tmp_path / "ram")

    with ThreadPoolExecutor(LABS) as pool:
        found = list(pool.map(ask, range(LABS)))
    assert copied == [found[0]] and len(set(found)) == 1
