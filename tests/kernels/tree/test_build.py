# SPDX-License-Identifier: MIT
"""Building commits, of a tree that behaves as a kernel's and takes no time."""

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.kernels import GitTree

from kbench.kernels import find
from kbench.kernels.errors import BuildFailed, KernelError, NoSpace
from kbench.kernels.packages import Tarball
from kbench.kernels.tree import build
from kbench.kernels.tree.build import TreeKernel
from kbench.programs import ProgramsMissing

pytestmark = pytest.mark.skipif(
    any(shutil.which(program) is None for program in ("git", "gcc", "make", "flex", "bison", "bc")),
    reason="needs what building a kernel needs",
)


@pytest.fixture
def tree(tmp_path: Path, root: Path) -> GitTree:
    return GitTree(tmp_path / "linux")


def made(tree: GitTree, ref: str = "", base: str = ",tiny") -> TreeKernel:
    found = find.find(f"tree:{tree.place}{ref and '@' + ref}{base}", print)
    assert isinstance(found, TreeKernel)
    return found


def builds(root: Path) -> int:
    """How often make(1) has built the kernel of the one tree in the cache."""
    (file,) = root.glob("trees/*/build-*/builds")
    return len(file.read_text().splitlines())


def test_commit_becomes_a_kernel(tree: GitTree) -> None:
    kernel = made(tree)
    assert kernel.release == "6.13.0"
    assert kernel.version.startswith("6.13.0-tiny-")
    assert kernel.spec == f"tree:{tree.place}@{tree.git('rev-parse', '--short=12', 'HEAD')},tiny"
    assert kernel.vmlinuz.read_bytes() == b"\x7fELF\x020"
    assert kernel.module("kvm_amd").name == "kvm-amd.ko"
    assert tree.git("status", "--porcelain") == ""


def test_equal_sources_are_built_once(tree: GitTree, root: Path) -> None:
    first = made(tree)
    tree.commit(**{"core.c": "1"})
    tree.commit(**{"core.c": "0"})
    again = made(tree)
    assert builds(root) == 1
    assert again.facts == first.facts | {"kbench_kernel_commit": again.source.name}
    assert again.source.name != first.source.name
    assert again.version == first.version


def test_change_of_kvm_alone_keeps_the_kernels_identity(tree: GitTree) -> None:
    """One snapshot serves both: KVM's modules are loaded after it."""
    first = made(tree)
    tree.commit(**{"kvm.c": "1"})
    second = made(tree)
    assert (second.content, second.version) == (first.content, first.version)
    assert second.module("kvm").read_bytes() != first.module("kvm").read_bytes()
    tree.commit(**{"core.c": "1"})
    third = made(tree)
    assert third.content != first.content
    assert third.version != first.version
    assert made(tree, "HEAD~2").content == first.content


def test_uncommitted_state(tree: GitTree) -> None:
    (tree.place / "core.c").write_text("dirty")
    assert made(tree).vmlinuz.read_bytes() == b"\x7fELF\x020"
    assert made(tree, "worktree").vmlinuz.read_bytes() == b"\x7fELF\x02dirty"


def test_commit_that_does_not_build(tree: GitTree, root: Path) -> None:
    tree.commit(**{"core.c": "broken"})
    with pytest.raises(KernelError, match=r"does not build\ncore.c:1:1: error: broken"):
        made(tree)
    assert list((root / "kernel-tree").iterdir()) == []
    assert made(tree, "HEAD~1").release == "6.13.0"


@pytest.mark.parametrize(
    ("core", "error"),
    [
        ("broken: error writing to /tmp/ccX.s: No space left on device", NoSpace),
        ("broken: gcc: fatal error: Killed signal terminated program cc1", KernelError),
    ],
)
def test_what_the_machine_lacks_is_no_fault_of_the_commit(
    tree: GitTree, core: str, error: type[KernelError]
) -> None:
    tree.commit(**{"core.c": core})
    with pytest.raises(error, match="left") as caught:
        made(tree)
    assert not isinstance(caught.value, BuildFailed)


def test_full_disk_that_a_shell_calls_an_io_error(
    tree: GitTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.commit(**{"core.c": "broken: sh: printf: I/O error"})
    monkeypatch.setattr(build, "SPARE_BYTES", 1 << 60)
    with pytest.raises(NoSpace, match="no space left to build in"):
        made(tree)


def test_little_space_does_not_hide_an_error_of_the_compiler(
    tree: GitTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.commit(**{"core.c": "broken"})
    monkeypatch.setattr(build, "SPARE_BYTES", 1 << 60)
    with pytest.raises(BuildFailed):
        made(tree)


def test_option_that_the_tree_does_not_have_is_named_before_the_build(
    tree: GitTree, root: Path
) -> None:
    tree.commit(lacking="CONFIG_PVH")
    with pytest.raises(KernelError, match="it needs CONFIG_PVH=y"):
        made(tree)
    assert not list(root.glob("trees/*/build-*/builds"))


def test_unknown_base(tree: GitTree) -> None:
    with pytest.raises(KernelError, match="no base configuration 'huge': known are distribution"):
        made(tree, base=",huge")


def test_missing_compiler_is_told_before_anything_is_built(tree: GitTree, programs: Path) -> None:
    (programs / "git").symlink_to("/usr/bin/git")
    with pytest.raises(ProgramsMissing, match="not installed: gcc, make, ld, flex, bison, bc"):
        made(tree)


def test_first_build_says_what_it_takes(tree: GitTree, root: Path) -> None:
    said: list[str] = []
    find.find(f"tree:{tree.place},tiny", said.append)
    assert "530 s of CPU time" in said[0]
    assert "2000 MB" in said[0]
    tree.commit(**{"core.c": "1"})
    said.clear()
    find.find(f"tree:{tree.place},tiny", said.append)
    assert len(said) == 1


@dataclass(frozen=True)
class Packaged:
    """As DebianKernel, with the one directory `linux` as its source package."""

    place: Path
    spec: str = "debian:6.1"
    version: str = "6.1.192-2"

    def code(self, progress: object) -> Tarball:
        data = self.place.read_bytes()
        return Tarball(self.place, hashlib.sha256(data).hexdigest())


def test_debians_source_on_a_base(
    tree: GitTree, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = Packaged(tmp_path / "linux.tar.xz")
    monkeypatch.setattr("kbench.kernels.packages.kernel", lambda name, progress: package)
    for core in ("0", "0", "1"):
        (tree.place / "core.c").write_text(core)
        files = ["--exclude-vcs", "-C", str(tree.place.parent), tree.place.name]
        subprocess.run(
            ["tar", "--create", "--xz", "--file", str(package.place), *files], check=True
        )
        kernel = find.find("debian:6.1,tiny", print)
        assert kernel.vmlinuz.read_bytes() == b"\x7fELF\x02" + core.encode()
        assert kernel.spec == "debian:6.1,tiny"
        assert kernel.facts["kbench_kernel_source"] == "6.1.192-2"


def test_first_build_gives_no_time_that_nobody_has_measured(tree: GitTree) -> None:
    tree.commit(lacking="CONFIG_KASAN")  # nothing is built
    said: list[str] = []
    with pytest.raises(KernelError, match="cannot be a debug kernel"):
        find.find(f"tree:{tree.place},debug", said.append)
    assert said[0].startswith("the first debug kernel of this tree takes 2000 MB in ")


def test_option_that_is_the_point_of_a_base_is_missed(tree: GitTree) -> None:
    tree.commit(lacking="CONFIG_KASAN")
    with pytest.raises(KernelError, match="cannot be a debug kernel: it lacks CONFIG_KASAN=y"):
        made(tree, base=",debug")
