# SPDX-License-Identifier: MIT
"""Kernels that cannot be measured: what the command says, and that it goes on after Ctrl-C."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.cli import command, wait_for
from support.kernels import MAKEFILE, GitTree

from kbench.cli._app import run
from kbench.cli._exit import code
from kbench.kernels import vmlinux

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="QEMU is not installed"),
    pytest.mark.skipif(
        any(shutil.which(program) is None for program in ("git", "flex", "bison", "bc")),
        reason="needs what building a kernel needs",
    ),
]
Refused = Callable[[str], str]


@pytest.fixture
def refused(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Refused:
    """What kbench says of a kernel that it refuses: progress, then the error."""

    def check(kernel: str) -> str:
        monkeypatch.setattr(sys, "argv", ["kbench", "lab", "build", "--kernel", kernel])
        assert code(run) == 2
        said = capsys.readouterr().err
        assert "Traceback" not in said
        return said

    return check


@pytest.fixture
def tree(tmp_path: Path) -> GitTree:
    return GitTree(tmp_path / "linux")


def test_directory_without_git(tmp_path: Path, refused: Refused) -> None:
    assert f"kbench: {tmp_path} is no git tree" in refused(f"tree:{tmp_path}")


def test_no_git(
    tree: GitTree, tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "bin"
    here.mkdir()
    for directory in map(Path, os.environ["PATH"].split(":")):
        for program in directory.glob("*"):
            if program.name != "git" and not (here / program.name).is_symlink():
                (here / program.name).symlink_to(program)
    monkeypatch.setenv("PATH", str(here))
    assert "kbench: git is not installed: sudo apt-get install" in refused(f"tree:{tree.place}")


def test_unknown_ref(tree: GitTree, refused: Refused) -> None:
    assert f"kbench: {tree.place} has no commit v9\n" in refused(f"tree:{tree.place}@v9")


def test_shallow_clone(tree: GitTree, tmp_path: Path, refused: Refused) -> None:
    first = tree.git("rev-parse", "HEAD")
    tree.commit(**{"core.c": "1"})
    words = ["git", "clone", "--quiet", "--depth=1", f"file://{tree.place}"]
    subprocess.run([*words, tmp_path / "clone"], check=True, timeout=60)
    said = refused(f"tree:{tmp_path}/clone@{first}")
    assert said.endswith(": the clone is shallow, git fetch --unshallow\n")


def test_a_dirty_tree_is_not_measured_unless_asked(tree: GitTree, refused: Refused) -> None:
    """The commit that is refused is HEAD; what is not committed would be refused otherwise."""
    tree.commit(**{"core.c": "broken: HEAD"})
    (tree.place / "core.c").write_text("broken: dirty")
    assert "error: broken: HEAD" in refused(f"tree:{tree.place},tiny")
    assert "error: broken: dirty" in refused(f"tree:{tree.place}@worktree,tiny")


def test_compiler_that_the_tree_refuses(tree: GitTree, refused: Refused) -> None:
    refusal = "allnoconfig:\n\t@echo '*** C compiler is too old.' >&2; exit 1\n"
    tree.commit(Makefile=MAKEFILE.replace("allnoconfig:\n", refusal + "other:\n"))
    said = refused(f"tree:{tree.place},tiny")
    assert "kbench: the kernel does not build\n*** C compiler is too old.\n" in said


def test_disk_that_is_full_in_the_middle(tree: GitTree, root: Path, refused: Refused) -> None:
    full = MAKEFILE.replace("@touch $(out)/System.map", "@cat core.c > /dev/full")
    tree.commit(Makefile=full)
    assert "kbench: no space left to build in " in refused(f"tree:{tree.place},tiny")
    assert list((root / "kernel-tree").iterdir()) == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "has no version"),
        (vmlinux.ELF + b"\x01\0Linux version 6.13.0 (x)" + vmlinux.PVH, "is no 64-bit kernel"),
        (vmlinux.ELF + vmlinux.ELF64 + b"\0Linux version 6.13.0 (x)", "needs CONFIG_PVH=y"),
    ],
)
def test_image_that_does_not_boot(
    tmp_path: Path, refused: Refused, data: bytes, message: str
) -> None:
    for name in ("kvm", "kvm-amd"):
        (tmp_path / f"{name}.ko").write_bytes(b"\0depends=\0")
    (tmp_path / "vmlinux").write_bytes(data)
    assert message in refused(f"image:{tmp_path}/vmlinux")


def test_image_without_kvm(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "vmlinux").write_bytes(vmlinux.ELF + b"\x02\0Linux version 6.13.0 (x)")
    assert "kbench: the kernel 6.13.0 has no module kvm\n" in refused(f"image:{tmp_path}/vmlinux")


def test_ctrl_c_in_the_middle_of_a_build(tree: GitTree, root: Path, tmp_path: Path) -> None:
    """No compiler is left, and the next build goes on from what there is."""
    waits = tmp_path / "waits"
    waits.touch()
    parts = (
        "vmlinux: $(out)/first.o",
        "$(out)/first.o:\n\t@echo made >> $(out)/first.o\n",
        "modules: vmlinux",
    )
    slow = MAKEFILE.replace("vmlinux: core.c", f"{parts[1]}{parts[0]} core.c").replace(
        "\t@echo built", f"\t@while [ -e {waits} ]; do sleep 0.05; done\n\t@echo built"
    )
    tree.commit(Makefile=slow)
    words = command("kvm", "hooks", "--kernel", f"tree:{tree.place},tiny")
    process = subprocess.Popen(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        wait_for(lambda: list(root.glob("trees/*/build-*/first.o")), "the build begins")
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert not compilers(waits)
    assert list((root / "kernel-tree").iterdir()) == []
    waits.unlink()
    again = subprocess.run(words, text=True, capture_output=True, timeout=60)
    assert "building" in again.stderr
    (first,) = root.glob("trees/*/build-*/first.o")
    assert first.read_text() == "made\n"
    assert (first.parent / "vmlinux").exists()


def compilers(word: Path) -> list[str]:
    """The processes that have `word` in their command line."""
    lines = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            lines.append((entry / "cmdline").read_bytes().decode(errors="replace"))
        except OSError:
            continue  # it has ended meanwhile
    return [line for line in lines if str(word) in line]
