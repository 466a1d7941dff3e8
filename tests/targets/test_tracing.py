# SPDX-License-Identifier: MIT
"""An instance of tracefs: set up, removed, and never another one's."""

import os
import shutil
from pathlib import Path

import pytest

from kbench.targets import tracing


@pytest.fixture
def tracefs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that looks as tracefs does, but that its files are ordinary ones."""
    (tmp_path / "instances").mkdir()
    monkeypatch.setattr(tracing, "TRACEFS", tmp_path)
    monkeypatch.setattr(Path, "rmdir", shutil.rmtree)
    return tmp_path


def test_it_is_set_up_but_off_and_removed(tracefs: Path) -> None:
    with tracing.instance() as made:
        assert made == tracefs / "instances" / f"kbench-{os.getpid()}"
        assert (made / "tracing_on").read_text() == "0"
        assert (made / "trace_clock").read_text() == "x86-tsc"
    assert not list((tracefs / "instances").iterdir())


def test_what_a_killed_kbench_left_is_removed_and_nothing_else(tracefs: Path) -> None:
    most = int(Path("/proc/sys/kernel/pid_max").read_text())
    kept = {"kbench-1", "kbench-notes", "rtla"}  # process 1 lives
    for name in (f"kbench-{most + 1}", f"kbench-{os.getpid()}", *kept):
        (tracefs / "instances" / name).mkdir()
    with tracing.instance():
        pass
    left = {path.name for path in (tracefs / "instances").iterdir()}
    assert left == kept


def test_without_tracefs_there_is_none_and_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "TRACEFS", tmp_path / "tracing")
    assert tracing.missing()
    with tracing.instance() as made:
        assert made is None


@pytest.mark.skipif(bool(tracing.missing()), reason="needs tracefs, mounted and writable")
def test_the_kernel_takes_it() -> None:
    with tracing.instance() as made:
        assert made is not None
        assert "[x86-tsc]" in (made / "trace_clock").read_text()
        assert (made / "events" / "sched" / "enable").read_text().strip() == "1"
    assert not made.exists()
