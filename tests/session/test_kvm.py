# SPDX-License-Identifier: MIT
"""What `kbench kvm build` builds for, before anything is fetched or built."""

from pathlib import Path

import pytest
from support.kernels import GitTree

from kbench.errors import KbenchError
from kbench.kernels.errors import KernelError
from kbench.kmod import compiler
from kbench.session import kvm


@pytest.mark.parametrize("name", ["linux@work", "a,b"])
def test_a_tree_whose_path_says_more_needs_a_kernel(tmp_path: Path, name: str) -> None:
    (tmp_path / name / ".git").mkdir(parents=True)
    with pytest.raises(KbenchError, match="names no tree: give --kernel"):
        list(kvm.build("stock", None, tmp_path / name, ()))


@pytest.mark.parametrize("named", [None, "6.12"])
@pytest.mark.parametrize("with_git", [True, False])
def test_kernel_of_a_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str | None, with_git: bool
) -> None:
    """A git tree has a kernel of its own; files without one are built for Debian's."""
    place = tmp_path / "linux"
    if with_git:
        GitTree(place)
    (place / "arch/x86/kvm").mkdir(parents=True)
    (place / "arch/x86/kvm/Makefile").touch()

    def tree(kernel: str, *words: object) -> None:
        raise KernelError(f"built for {kernel}")

    monkeypatch.setattr(compiler, "tree", tree)
    wanted = named or (f"tree:{place}" if with_git else "6.1")
    with pytest.raises(KernelError, match=f"^built for {wanted}$"):
        list(kvm.build("stock", named, place, ()))
