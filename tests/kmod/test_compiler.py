# SPDX-License-Identifier: MIT
"""The compiler of a kernel's modules: known from the packages, and there before any is fetched."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.kernels import FakeKernel

from kbench.kernels import debian, packages
from kbench.kernels.debian import KernelRelease, Package
from kbench.kernels.errors import KernelError
from kbench.kmod import compiler
from kbench.programs import ProgramsMissing

PACKAGE = Package("linux", "7.3.4-1", "0" * 64, 1)
RELEASE = KernelRelease("6.1", "7.3.4-1", "7.3.4-amd64", PACKAGE, (), PACKAGE, compiler="gcc-15")


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that nothing may ask."""

    def refuse(*words: object) -> None:
        raise AssertionError("the archive was asked before the programs were checked")

    monkeypatch.setattr("kbench.kernels.debian.apt.Apt", refuse)


@pytest.mark.usefixtures("root", "unreachable")
def test_all_programs_are_checked_before_the_archive_is_asked(programs: Path) -> None:
    with pytest.raises(ProgramsMissing, match=r"gcc-12, make, .*patch.*, spatch, .* coccinelle"):
        compiler.tree("6.1", ["extension"], print)


@pytest.mark.usefixtures("root", "unreachable", "programs")
def test_a_recorded_kernel_needs_its_own_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "recorded", lambda name: RELEASE)
    with pytest.raises(ProgramsMissing, match="not installed: gcc-15, make"):
        compiler.tree("6.1", [], print)


@pytest.mark.usefixtures("root", "programs")
def test_what_is_in_the_cache_needs_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "recorded", lambda name: RELEASE)
    monkeypatch.setattr(packages, "fetched", lambda release: True)
    monkeypatch.setattr(packages, "kernel", lambda name, progress: FakeKernel())
    assert compiler.tree("6.1", ["extension"], print).kernel == FakeKernel()


@pytest.mark.usefixtures("programs")
def test_a_compiler_that_debian_lacks_here_leaves_the_source() -> None:
    tree = replace(FakeKernel(spec="debian:newest").tree(print), compiler="gcc-15")
    with pytest.raises(ProgramsMissing, match=r"gcc-15.*--kernel debian:newest,distribution"):
        compiler.require(tree)
    tree = replace(FakeKernel(spec="debian:newest,tiny").tree(print), compiler="gcc-15")
    with pytest.raises(ProgramsMissing) as caught:
        compiler.require(tree)
    assert "distribution" not in str(caught.value)


def test_the_kernels_version_is_read_from_its_headers(tmp_path: Path) -> None:
    config = tmp_path / "include/config/auto.conf"
    config.parent.mkdir(parents=True)
    config.write_text("CONFIG_X=y\nCONFIG_CC_VERSION_TEXT=gcc-12 (Debian 12.2.0-14) 12.2.0\n")
    assert compiler.kernels_version(tmp_path) == "gcc-12 (Debian 12.2.0-14) 12.2.0"
    config.write_text('CONFIG_CC_VERSION_TEXT="gcc-14 (Debian 14.2.0-19) 14.2.0"\n')
    assert compiler.kernels_version(tmp_path) == "gcc-14 (Debian 14.2.0-19) 14.2.0"


def test_the_installed_version_has_the_same_form(programs: Path) -> None:
    with pytest.raises(ProgramsMissing, match="gcc-12"):
        compiler.version("gcc-12")
    (programs / "gcc-12").write_text("#!/bin/sh\necho 'gcc-12 (Debian 12.4.0-5) 12.4.0'\necho x\n")
    (programs / "gcc-12").chmod(0o755)
    assert compiler.version("gcc-12") == "gcc-12 (Debian 12.4.0-5) 12.4.0"


@pytest.mark.usefixtures("unreachable")
@pytest.mark.parametrize("name", ["with blank", "with:colon", "50%"])
def test_a_path_that_kbuild_cannot_take_is_refused_before_anything_is_fetched(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
    with pytest.raises(KernelError, match=r"kbuild takes no path with .*: set XDG_CACHE_HOME"):
        compiler.tree("6.1", [], print)
    compiler.require_path(tmp_path)
    with pytest.raises(KernelError, match=": move it"):
        compiler.require_path(Path("/usr/src/my linux"))
