# SPDX-License-Identifier: MIT
"""What is missing is named at once, with its packages; make and kbench read one table."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kbench.programs import ProgramsMissing, group, groups, require

TOP = Path(__file__).parents[1]
PACKAGES = TOP / ".ci/packages"


def install(directory: Path, *names: str) -> None:
    for name in names:
        (directory / name).touch(mode=0o755)


def test_everything_missing_is_named_at_once(programs: Path) -> None:
    install(programs, "setpriv", "make", "tar", "xz", "diff", "ld")
    with pytest.raises(ProgramsMissing) as caught:
        require("lab", "kvm", "extension", compilers=["gcc-9"])
    what, _, how = str(caught.value).partition("; on Debian: sudo apt-get install ")
    assert what.startswith("not installed: gcc-9, qemu-system-x86_64, patch, ")
    assert {"gcc-9", "qemu-system-x86", "patch", "coccinelle"} <= set(how.split())
    assert "make" not in how.split()


def test_what_is_installed_is_no_error(programs: Path) -> None:
    install(programs, "setpriv", "qemu-system-x86_64", "gcc-12")
    require("lab", compilers=["gcc-12"])


def test_goals_need_groups_of_the_table() -> None:
    needs = re.findall(r"^NEEDS_(\S+) := ([\w ]+)$", (TOP / "Makefile").read_text(), re.MULTILINE)
    assert dict(needs).keys() >= {"test", "test-kvm"}
    for goal, names in needs:
        assert set(names.split()) <= set(groups()), goal
    # What kbench asks for when it builds a variant of the extension in the lab.
    for goal in ("test", "test-kvm"):
        assert {"lab", "kvm", "extension", "compiler"} <= set(dict(needs)[goal].split())


def test_make_reads_the_same_table(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """.ci/packages reads it with sed: where nothing is installed it names every package."""
    for name in ("sh", "sed", "sort", "tr", "dirname"):
        found = shutil.which(name, path="/usr/bin:/bin")
        assert found
        (programs / name).symlink_to(found)
    done = subprocess.run([PACKAGES, *groups()], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stderr
    rows = [row for name in groups() for row in group(name).items()]
    wanted = {package for program, package in rows if not Path(program).exists()}
    assert wanted <= set(done.stderr.replace("(", " ").split()), done.stderr
