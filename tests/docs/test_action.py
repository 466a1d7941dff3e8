# SPDX-License-Identifier: MIT
"""action.yml's steps are scripts: those that measure nothing are run here as a runner runs them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.docs import ROOT

TEXT = (ROOT / "action.yml").read_text()
BASELINE = ROOT / "tests" / "data" / "lab-pio.json"
# A step's name, what stands between, and its script: enough of YAML for this file.
STEP = re.compile(r"- name: (\w+)\n(.*?)      run: \|\n((?: {8}[^\n]*\n|\n)+)", re.DOTALL)
STEPS = {name: re.sub(r"^ {8}", "", script, flags=re.M) for name, _, script in STEP.findall(TEXT)}


def run(step: str, place: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    files = {name: str(place / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[step]],
        cwd=place, capture_output=True, text=True, timeout=60,
        env={"PATH": path, "HOME": str(place), "BASELINE": str(BASELINE), **files, **environment},
    )  # fmt: skip


def test_every_step_is_found_and_parses() -> None:
    assert list(STEPS) == ["packages", "pins", "measure", "summary", "gate"]
    for script in STEPS.values():
        assert "${{" not in script, "an input in a script would be run, not read"
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize(("options", "status"), [("--strict", 0), ("--strict --margin 0", 1)])
def test_the_gate_of_a_nop(tmp_path: Path, options: str, status: int) -> None:
    shutil.copy(ROOT / "tests" / "data" / "lab-pio-nop.json", tmp_path / "kbench-head.json")
    assert run("summary", tmp_path).returncode == 0
    assert "kbench gate" in (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    done = run("gate", tmp_path, OPTIONS=options)
    assert done.returncode == status, done.stdout + done.stderr
    assert ("::error title=exit.pio_out" in done.stdout) == bool(status)
    assert (tmp_path / "kbench-gate.xml").exists()


def test_the_pins_are_a_key_of_the_cache(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "qemu-system-x86_64"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)'\n")
    program.chmod(0o755)
    done = run("pins", tmp_path, PATH=f"{program.parent}:{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == "qemu=7.2.22--Debian-1-7.2-dfsg-7-\n"


def test_what_is_measured_is_an_input(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "kbench"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    done = run("measure", tmp_path, PATH=path, SELECTORS="exit.* floor", KERNEL="6.12")
    words = "run exit.* floor --target lab --kernel 6.12 --force -o kbench-head.json"
    assert done.stdout.split() == words.split()
