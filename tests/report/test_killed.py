# SPDX-License-Identifier: MIT
"""A report that is killed leaves no process behind."""

import signal
import subprocess
from pathlib import Path

import pytest
from support.cli import command, wait_for

SUITES = Path(__file__).parents[2] / "reports" / "rfc-idle" / "suites"


def children(parent: int) -> set[int]:
    """The process ids of the live children of `parent` that draw."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
            above = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue  # it has ended meanwhile
        if above == parent and b"spawn_main" in words:
            found.add(int(entry.name))
    return found


def alive(pid: int) -> bool:
    try:
        return "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_the_pool_ends_with_its_parent(number: signal.Signals, tmp_path: Path) -> None:
    words = command("report", *sorted(SUITES.glob("lab-*.json")), "-o", tmp_path / "a.html")
    with subprocess.Popen(
        words,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # also under nohup
    ) as process:
        wait_for(lambda: len(children(process.pid)) == 2, "two processes that draw", 120)
        pool = children(process.pid)
        process.send_signal(number)
        process.wait(120)
    wait_for(lambda: not any(map(alive, pool)), "the pool ends with its parent")
    assert list(tmp_path.iterdir()) == []
