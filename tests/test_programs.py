# SPDX-License-Identifier: MIT
"""What is missing is named at once, with its packages; make and kbench read one table."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support.cli import kbench

from kbench import distribution
from kbench import programs as programs_
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
    what, _, how = str(caught.value).partition("; to install: sudo apt-get install ")
    assert what.startswith("not installed: gcc-9, qemu-system-x86_64, patch, ")
    assert {"gcc-9", "qemu-system-x86", "patch", "coccinelle"} <= set(how.split())
    assert "make" not in how.split()


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("words", [("lab", "build"), ("kvm", "build")])
def test_a_command_names_all_before_it_fetches(words: tuple[str, ...], programs: Path) -> None:
    line = kbench(*words, "--kernel", "6.12").refused()
    missing = {"zstd", "apt-get", "dpkg-deb"} | (
        {"qemu-system-x86_64"} if words[0] == "lab" else {"patch", "xz", "gcc-12"}
    )
    what, _, how = line.partition("; to install: ")
    assert missing <= set(what.removeprefix("kbench: not installed: ").split(", "))
    assert how.startswith("sudo apt-get install ") and "zstd" in how.split()


@pytest.mark.usefixtures("root")
def test_a_machine_names_what_it_needs_itself(programs: Path) -> None:
    line = kbench("lab", "build", "--machine", "vmx").refused()
    missing = (
        line.partition("; to install: ")[0].removeprefix("kbench: not installed: ").split(", ")
    )
    assert {"setpriv", "tar", "g++", "make", "apt-get"} <= set(missing)
    assert "qemu-system-x86_64" not in missing


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
    """Where nothing is installed, .ci/packages names every package."""
    for name in ("sh", "sort", "tr", "dirname"):
        found = shutil.which(name, path="/usr/bin:/bin")
        assert found
        (programs / name).symlink_to(found)
    environment = {"PATH": str(programs), "PYTHON": sys.executable}
    done = subprocess.run(
        [PACKAGES, *groups()], capture_output=True, text=True, timeout=60, env=environment
    )
    assert done.returncode == 2, done.stderr
    rows = [row for name in groups() for row in group(name).items()]
    wanted = {package for program, package in rows if "/" not in program and ".so" not in program}
    assert wanted <= set(done.stderr.replace("(", " ").split()), done.stderr
    assert "make PACKAGES=" in done.stderr


@pytest.mark.parametrize(
    ("identity", "like", "command"),
    [
        ("debian", "", "sudo apt-get install --no-install-recommends gcc libc6-dev gcc-12"),
        ("linuxmint", "ubuntu debian", "sudo apt-get install --no-install-recommends gcc "
         "libc6-dev gcc-12"),
        ("fedora", "", "sudo dnf install --setopt=install_weak_deps=False gcc glibc-devel "
         "(Fedora has no package of gcc-12)"),
        ("rocky", "rhel centos fedora", "sudo dnf install --setopt=install_weak_deps=False gcc "
         "glibc-devel (Fedora has no package of gcc-12)"),
        ("endeavouros", "arch", "sudo pacman -S --needed gcc glibc "
         "(Arch Linux has no package of gcc-12)"),
        ("opensuse-tumbleweed", "opensuse suse", "sudo zypper install --no-recommends gcc "
         "glibc-devel gcc12"),
    ],
)  # fmt: skip
def test_distributions(identity: str, like: str, command: str) -> None:
    found = distribution.find(identity, like)
    assert found and found.command("gcc", "libc6-dev", "gcc-12") == command


def test_a_distribution_that_is_not_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    assert distribution.find("nixos", "") is None
    monkeypatch.setattr(distribution, "here", lambda: None)
    assert distribution.install("gcc", "zstd") == "what Debian has in: gcc zstd"
    fedora = distribution.find("fedora", "")
    assert fedora and fedora.command("gcc-12") == "Fedora has no package of gcc-12"


def test_names_are_of_packages_that_are_needed() -> None:
    table = tomllib.loads((TOP / "kbench/distributions.toml").read_text())
    packages = {package for name in groups() for package in group(name).values()}
    packages |= {"python3-dev", "python3-venv"}
    for name, section in table.items():
        assert set(section.get("packages", ())) <= packages, name


def test_a_library_may_lie_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs_, "LIBRARIES", (str(tmp_path / "a"), str(tmp_path / "b")))
    assert "libelf1" in programs_.lacking("kvm")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "libelf.so.1").touch()
    assert "libelf1" not in programs_.lacking("kvm")


def test_nothing_missing_installs_nothing(tmp_path: Path) -> None:
    """In a tree whose table asks for what is there alone."""
    for part in (".ci", "kbench"):
        (tmp_path / part).mkdir()
    for file in (".ci/packages", "kbench/__init__.py", "kbench/errors.py", "kbench/programs.py",
                 "kbench/distribution.py", "kbench/distributions.toml"):  # fmt: skip
        shutil.copy(TOP / file, tmp_path / file)
    (tmp_path / "kbench/programs.toml").write_text('[build]\n"sh" = "dash"\n')
    done = subprocess.run(
        [tmp_path / ".ci/packages", "build"], capture_output=True, text=True, timeout=60,
        env={"PATH": "/usr/bin:/bin", "PYTHON": sys.executable},
    )  # fmt: skip
    if "python3-" in done.stdout + done.stderr:
        pytest.skip("this Python has no venv or no headers")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_old_python_is_refused(tmp_path: Path) -> None:
    old = tmp_path / "python3.10"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "PYTHON": str(old)}
    done = subprocess.run(
        [PACKAGES, "build"], capture_output=True, text=True, timeout=60, env=environment
    )
    assert done.returncode == 2 and "Python 3.11 or newer" in done.stderr


def test_python_comes_first_where_there_is_none(programs: Path) -> None:
    """A minimal Debian has no python3, and what names the other packages is Python."""
    for name in ("sh", "sort", "tr", "dirname", "grep", "ln", "env"):
        found = shutil.which(name, path="/usr/bin:/bin")
        assert found
        (programs / name).symlink_to(found)
    stand_ins = {
        "id": "echo 0",
        "apt-get": f'echo "$*" >> {programs}/calls; ln -sf {sys.executable} {programs}/python3',
    }
    for name, text in stand_ins.items():
        (programs / name).unlink(missing_ok=True)
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    check = subprocess.run([PACKAGES, "--check", "build"], env={"PATH": str(programs)}, timeout=60)
    assert check.returncode == 1 and not (programs / "calls").exists()
    done = subprocess.run(
        [PACKAGES, "build"], capture_output=True, text=True, timeout=60,
        env={"PATH": str(programs)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    calls = (programs / "calls").read_text().splitlines()
    installed = [line for line in calls if "--assume-yes" in line]
    assert installed[0].split()[-1] == "python3" and "gcc" in installed[1].split()
