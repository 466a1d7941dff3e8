# SPDX-License-Identifier: MIT
"""`kbench explain` as a user starts it."""

import json
import os
from pathlib import Path

import pytest
from support.cli import kbench

from kbench.lab.labs import Lab


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("exit.nosuch",), "exit.nosuch"),
        (("exit.pio_out", "--kvm", "nosuch"), "nosuch"),
        (("exit.pio_out", "floor.clock"), "one benchmark, or two suites"),
        (("exit.pio_*",), "name one, as exit.pio_out"),
        (("base.json",), "one benchmark, or two suites"),
        (("a.json", "b.json", "--kvm", "all"), "leave out what to explain"),
        (("exit.pio_out", "--function", "f", "--against", "all"), "leave out --against"),
        (("exit.pio_out", "--kernel", "debian:5.0"), "no kernel debian:5.0"),
    ],
)
def test_bad_input_is_one_line(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    """Before anything is compiled for it: the cache is empty."""
    result = kbench("explain", *words, prefix=("env", f"XDG_CACHE_HOME={tmp_path}"))
    assert result.status == 2 and says in result.err
    assert len(result.err.strip().splitlines()) == 1 and result.out == ""


def test_a_plugin_that_does_not_compile(tmp_path: Path) -> None:
    gcc = tmp_path / "bin" / "gcc"
    gcc.parent.mkdir()
    gcc.write_text("#!/bin/sh\necho 'executed.c:1: error: no such thing' >&2\nexit 1\n")
    gcc.chmod(0o755)
    there = (f"PATH={gcc.parent}:{os.environ['PATH']}", f"XDG_CACHE_HOME={tmp_path}")
    result = kbench("explain", "exit.pio_out", prefix=("env", *there))
    assert result.status == 2 and "Traceback" not in result.err and result.out == ""
    assert "the plugin of QEMU does not compile" in result.err
    assert "executed.c:1: error: no such thing" in result.err
    # Nothing half-made is kept.
    assert list((tmp_path / "kbench" / "plugin").iterdir()) == []


@pytest.mark.lab
def test_a_tree_and_its_json(lab: Lab) -> None:
    text = kbench("explain", "floor.syscall", prefix=("env", "COLUMNS=80")).worked()
    assert text.startswith("floor.syscall: ") and "__x64_sys_getppid" in text
    assert max(map(len, text.splitlines())) <= 80
    listed = kbench("explain", "floor.syscall", "--function", "__task_pid_nr_ns").worked()
    assert " 47 began" in listed and "call __rcu_read_lock" in listed
    data = json.loads(kbench("explain", "floor.syscall", "--format", "json").worked())
    assert sum(function["self"] for function in data["functions"]) == data["count"]


@pytest.mark.lab
def test_a_full_disk(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "full.json").symlink_to("/dev/full")
    words = ("-o", "full.json", "--force")
    result = kbench("explain", "floor.syscall", *words, cwd=tmp_path)
    assert result.status == 2 and "No space left" in result.err.splitlines()[-1]
    assert "Traceback" not in result.err


@pytest.mark.lab
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("idle.tick250@hlt",), "idle.tick250@hlt cannot be explained: "),
        (("floor.syscall", "--event", "501"), "no event '501': it is min, p50, max or 1 to 500"),
        (("floor.syscall", "--stage", "ack"), "floor.syscall has no stage ack"),
        (("floor.syscall", "--function", "vcpu_run"), "executes nothing of vcpu_run"),
    ],
)
def test_what_cannot_be_explained(lab: Lab, words: tuple[str, ...], says: str) -> None:
    result = kbench("explain", *words)
    assert result.status == 2 and says in result.err and result.out == ""
