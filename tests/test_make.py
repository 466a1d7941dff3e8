# SPDX-License-Identifier: MIT
"""`make run`: its lab part may be missing, and may fail, without taking the host's results along.

kbench and .ci/packages are stand-ins here: what they do is tested elsewhere.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.cli import with_forbidden_kvm, without_kvm

TOP = Path(__file__).parents[1]
# Writes the file that -o names; fails where the selection is the one in FAILING.
KBENCH = """#!/bin/sh
echo "$1 ${2##*/}" >> calls
[ "$2" = "$FAILING" ] && exit 2
while [ $# -gt 1 ]; do [ "$1" = -o ] && touch "$2"; shift; done
exit 0
"""


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def make_run(
    place: Path, *, installed: bool, failing: str = ""
) -> subprocess.CompletedProcess[str]:
    """`make run` in `place`, without the build."""
    shutil.copy(TOP / "Makefile", place)
    program(place / ".venv" / "bin" / "kbench", KBENCH)
    program(place / ".ci" / "packages", f"#!/bin/sh\nexit {0 if installed else 1}\n")
    return subprocess.run(
        ["make", "run", "TARGET=host", "--old-file=.venv/installed"],
        cwd=place, capture_output=True, text=True, timeout=60,
        env={"PATH": os.environ["PATH"], "FAILING": failing},
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _make() -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")


def test_both_parts(tmp_path: Path) -> None:
    done = make_run(tmp_path, installed=True)
    assert done.returncode == 0, done.stderr
    assert "mwait.json" in done.stdout and "skipped" not in done.stdout


def test_what_is_not_installed_is_skipped_with_a_line(tmp_path: Path) -> None:
    done = make_run(tmp_path, installed=False)
    assert done.returncode == 0, done.stderr
    assert "skipped the MWAIT policies" in done.stdout and "make run LAB=1" in done.stdout
    assert "run mwait" not in (tmp_path / "calls").read_text()


def test_a_failed_lab_part_is_told_and_keeps_the_rest(tmp_path: Path) -> None:
    done = make_run(tmp_path, installed=True, failing="mwait")
    assert done.returncode == 2, "make's own code for a failed recipe"
    assert "could not be measured in the lab" in done.stderr
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls == ["run quick", "run mwait", "report quick.json", "answers quick.json"]
    assert (tmp_path / "reports" / "local" / "report.html").exists()
    assert make_run(tmp_path, installed=True).returncode == 0, "the next one is not held by it"


def test_a_failed_first_part_ends_it(tmp_path: Path) -> None:
    done = make_run(tmp_path, installed=True, failing="quick")
    assert done.returncode == 2
    assert (tmp_path / "calls").read_text().splitlines() == ["run quick"]


def target(prefix: tuple[str, ...], *words: str) -> subprocess.CompletedProcess[str]:
    """`make target`, which knows nothing of a make that runs these tests."""
    return subprocess.run(
        [*prefix, "make", "target", *words],
        cwd=TOP, capture_output=True, text=True, timeout=60,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
    )  # fmt: skip


def test_where_it_will_measure_is_said_before_anything_is_installed() -> None:
    done = target(without_kvm())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "no /dev/kvm: measuring in the lab: instructions, not time\n"
    refused = target(with_forbidden_kvm())
    assert refused.returncode == 2 and "sudo usermod -aG nogroup" in refused.stderr
    assert target(with_forbidden_kvm(), "TARGET=lab").returncode == 0
