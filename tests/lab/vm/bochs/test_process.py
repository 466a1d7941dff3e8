# SPDX-License-Identifier: MIT
"""How a Bochs ends, with a shell script in its place."""

from pathlib import Path

import pytest

from kbench.lab import protocol
from kbench.lab.errors import BootFailed, EmulatorDied, ModuleRefused, SnapshotUnusable, WallTimeout
from kbench.lab.vm.bochs import boot, build, emulator
from kbench.lab.vm.bochs.process import BochsProcess
from kbench.lab.vm.common import DONE, RESET

SAYS = ">/proc/self/fd/$KBENCH_RESULTS"
BRIEF, LONG = 3.0, 30.0


def script(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "bochs"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def run(tmp_path: Path, text: str, seconds: float = LONG) -> tuple[int, bytes]:
    program = script(tmp_path, text)
    with BochsProcess(program, tmp_path, ("-r", "state"), {"job": b"{}"}, seconds) as process:
        return process.wait(), process.results()


def test_status_and_results(tmp_path: Path) -> None:
    assert run(tmp_path, f"printf '{{}}' {SAYS}; exit 65") == (DONE, b"{}")
    assert run(tmp_path, "exit 64") == (RESET, b"")


def test_files_are_handed_over_by_name(tmp_path: Path) -> None:
    status, said = run(tmp_path, f'cat /proc/self/fd/"${{KBENCH_FILES#job:}}" {SAYS}; exit 65')
    assert (status, said) == (DONE, b"{}")


def test_bochs_that_gives_up_has_done_no_job(tmp_path: Path) -> None:
    """Its own exit status is that of an agent that has."""
    with pytest.raises(EmulatorDied, match=r"(?s)with exit status 1.*>>PANIC<< no"):
        run(tmp_path, "echo '>>PANIC<< no' >&2; exit 1")


def test_state_that_does_not_load(tmp_path: Path) -> None:
    with pytest.raises(SnapshotUnusable, match="kbench lab clean"):
        run(tmp_path, "echo 'cannot restore hardware state' >&2; exit 1")


def test_bochs_that_hangs(tmp_path: Path) -> None:
    with pytest.raises(WallTimeout, match=r"within 3 s"):
        run(tmp_path, "exec sleep 60", BRIEF)


@pytest.fixture
def booted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to boot in; the kernel is none."""
    monkeypatch.setattr(build, "program", lambda: tmp_path / "bochs")
    monkeypatch.setattr(boot, "memory", lambda *_: {0: b"x"})
    place = tmp_path / "work"
    place.mkdir()
    return place


def test_boot_that_does_not_end(tmp_path: Path, booted: Path) -> None:
    script(tmp_path, "echo early >/proc/self/fd/$KBENCH_CONSOLE; exec sleep 60")
    with pytest.raises(BootFailed, match=r"(?s)did not come up within 3 s.*early"):
        emulator.BochsEmulator().boot(booted, b"", b"", BRIEF)


def test_boot_that_ends_early(tmp_path: Path, booted: Path) -> None:
    script(tmp_path, "echo panic >/proc/self/fd/$KBENCH_CONSOLE; exit 64")
    with pytest.raises(BootFailed, match=r"(?s)ended before its snapshot.*panic"):
        emulator.BochsEmulator().boot(booted, b"", b"", LONG)


def test_what_the_agent_reports(tmp_path: Path, booted: Path) -> None:
    message = '{"failure": "module", "reason": "kvm-intel: no"}'
    script(tmp_path, f"echo '{message}' {SAYS}; exit 67")
    assert protocol.decode(message.encode())
    with pytest.raises(ModuleRefused, match="kvm-intel: no"):
        emulator.BochsEmulator().boot(booted, b"", b"", LONG)


def test_saved_memory_has_holes(tmp_path: Path, booted: Path) -> None:
    script(
        tmp_path,
        "head -c 1M /dev/zero >state/memory.ram; echo x >>state/memory.ram; exit 73",
    )
    emulator.BochsEmulator().boot(booted, b"", b"", LONG)
    ram = booted / "state" / emulator.RAM
    assert ram.read_bytes() == bytes(1 << 20) + b"x\n"
    assert ram.stat().st_blocks * 512 < 1 << 20
    assert {path.name for path in booted.iterdir()} == {"bochsrc", "rom", "vga", "msrs", "state"}
