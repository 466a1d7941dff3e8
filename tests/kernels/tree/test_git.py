# SPDX-License-Identifier: MIT
"""A user's repository: what its refs name, and that nothing in it changes."""

import subprocess
from pathlib import Path

import pytest
from support.kernels import GitTree

from kbench.kernels.errors import KernelError
from kbench.kernels.tree.git import Repository


@pytest.fixture
def tree(tmp_path: Path, root: Path) -> GitTree:
    return GitTree(tmp_path / "linux")


def test_refs_are_commits(tree: GitTree) -> None:
    tree.git("tag", "v1")
    commit = Repository(tree.place).commit("v1")
    assert commit.hash == tree.git("rev-parse", "HEAD")
    assert commit.tree == tree.git("rev-parse", "HEAD^{tree}")
    assert commit.name == commit.hash[:12]


def test_uncommitted_state_is_measured_only_when_asked(tree: GitTree) -> None:
    (tree.place / "core.c").write_text("changed")
    state = tree.git("status", "--porcelain"), tree.git("ls-files", "--stage")
    repository = Repository(tree.place)
    head, dirty = repository.commit("HEAD"), repository.commit("worktree")
    assert dirty.name == f"{head.name}-dirty"
    assert dirty.tree != head.tree
    tree.git("checkout", "--quiet", "core.c")
    assert repository.commit("worktree") == head
    (tree.place / "core.c").write_text("changed")
    assert (tree.git("status", "--porcelain"), tree.git("ls-files", "--stage")) == state


def test_commits_are_checked_out_elsewhere(tree: GitTree, tmp_path: Path) -> None:
    repository = Repository(tree.place)
    first = repository.commit("HEAD")
    tree.commit(**{"core.c": "1"})
    place = tmp_path / "source"
    repository.check_out(repository.commit("HEAD"), place)
    assert (place / "core.c").read_text() == "1"
    same = (place / "kvm.c").stat().st_mtime_ns
    repository.check_out(first, place)
    assert (place / "core.c").read_text() == "0"
    assert (place / "kvm.c").stat().st_mtime_ns == same
    (tree.place / "core.c").write_text("dirty")
    repository.check_out(repository.commit("worktree"), place)
    assert (place / "core.c").read_text() == "dirty"
    assert tree.git("worktree", "list").count("\n") == 0


def test_archive_takes_what_matches(tree: GitTree, tmp_path: Path) -> None:
    for name in ("virt/kvm/kvm_main.c", "include/linux/kvm_host.h", "include/linux/mm.h"):
        (tree.place / name).parent.mkdir(parents=True, exist_ok=True)
        (tree.place / name).touch()
    tree.commit(more="x")
    into = tmp_path / "into"
    into.mkdir()
    repository = Repository(tree.place)
    patterns = ["virt/kvm", "include/linux/kvm*.h"]
    repository.archive(repository.commit("HEAD"), patterns, into)
    files = {str(path.relative_to(into)) for path in into.rglob("*") if path.is_file()}
    assert files == {"virt/kvm/kvm_main.c", "include/linux/kvm_host.h"}


def test_range_follows_first_parents(tree: GitTree) -> None:
    tree.git("tag", "good")
    tree.git("checkout", "--quiet", "-b", "side")
    tree.commit(side="1")
    tree.git("checkout", "--quiet", "main")
    one = tree.commit(**{"core.c": "1"})
    tree.git("merge", "--quiet", "--no-edit", "side")
    merge = tree.git("rev-parse", "HEAD")
    repository = Repository(tree.place)
    found = repository.between("good", "main")
    assert [commit.hash for commit in found[1:]] == [one, merge]
    assert repository.subject(found[1]) == f"{tree.git('rev-parse', '--short', one)} 1"
    assert repository.touched(found[0], found[1]) == ["core.c"]
    with pytest.raises(KernelError, match="good does not descend from main along first parents"):
        repository.between("main", "good")


def test_bad_input(tree: GitTree, tmp_path: Path, programs: Path) -> None:
    with pytest.raises(KernelError, match="is no directory"):
        Repository(tmp_path / "nowhere")
    with pytest.raises(KernelError, match="git is not installed: sudo apt-get install"):
        Repository(tree.place)


def test_directory_without_git(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match="is no git tree"):
        Repository(tmp_path)


@pytest.mark.parametrize("ref", ["v9", "--all", ""])
def test_ref_that_does_not_exist(tree: GitTree, ref: str) -> None:
    with pytest.raises(KernelError, match=f"has no commit {ref}"):
        Repository(tree.place).commit(ref)


def test_shallow_clone_says_how_to_get_the_rest(tree: GitTree, tmp_path: Path) -> None:
    first = tree.git("rev-parse", "HEAD")
    tree.commit(**{"core.c": "1"})
    clone = ["git", "clone", "--quiet", "--depth=1", f"file://{tree.place}"]
    subprocess.run([*clone, tmp_path / "clone"], check=True, timeout=60)
    with pytest.raises(KernelError, match="the clone is shallow, git fetch --unshallow"):
        Repository(tmp_path / "clone").commit(first)
