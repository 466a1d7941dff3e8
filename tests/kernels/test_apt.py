# SPDX-License-Identifier: MIT
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from kbench.kernels import apt
from kbench.kernels.apt import Apt
from kbench.kernels.errors import NoSpace, PackageUnavailable

SUITES = (("bookworm", "Debian"),)


def program(directory: Path, name: str, script: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_update_uses_the_machines_archive(tmp_path: Path, programs: Path) -> None:
    program(programs, "apt-get", '[ "$1" = indextargets ] && echo "Debian|mirror:/d/" || exit 0')
    Apt(tmp_path, SUITES).update()
    assert (tmp_path / "sources.list").read_text().endswith("mirror:/d/ bookworm main\n")
    assert str(tmp_path) in (tmp_path / "apt.conf").read_text()


def test_machine_without_debian(tmp_path: Path, programs: Path) -> None:
    program(programs, "apt-get", 'echo "Ubuntu|mirror:/u/"')
    with pytest.raises(PackageUnavailable, match="no archive labelled Debian"):
        Apt(tmp_path, SUITES).update()


def test_machine_without_apt(tmp_path: Path, programs: Path) -> None:
    with pytest.raises(PackageUnavailable, match="apt-get is not installed"):
        Apt(tmp_path, SUITES).update()


def test_a_disk_that_is_too_small(
    tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=4 << 20))
    with pytest.raises(NoSpace, match="has 4 MiB left"):
        Apt(tmp_path, SUITES).update()


def test_show_splits_records(tmp_path: Path, programs: Path) -> None:
    program(programs, "apt-cache", r'printf "Package: a\nVersion: 2: x\n y\n\nPackage: a\n\n"')
    assert Apt(tmp_path, SUITES).show("a") == [
        {"Package": "a", "Version": "2: x"}, {"Package": "a"},
    ]  # fmt: skip


def test_unreachable_archive_is_named(tmp_path: Path, programs: Path) -> None:
    program(programs, "apt-get", "echo 'E: Could not resolve' >&2; exit 100")
    with pytest.raises(PackageUnavailable, match="E: Could not resolve"):
        Apt(tmp_path, SUITES).download("linux-image", "1", tmp_path / "debs")


@pytest.mark.skipif(shutil.which("apt-cache") is None, reason="apt is not installed")
def test_newest_version_comes_first_whatever_its_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = {"backports": "6.12.95-1~bpo12+1", "ahead": "7.3.4-1~bpo13+1", "sid": "7.3.4~rc7-1"}
    archive = tmp_path / "archive"
    for suite, version in versions.items():
        lists = archive / "dists" / suite / "main/binary-amd64"
        lists.mkdir(parents=True)
        (lists / "Packages").write_text(
            f"Package: linux\nVersion: {version}\nArchitecture: amd64\nFilename: {suite}.deb\n"
            f"Size: 7\nSHA256: {'0' * 64}\n"
        )
        (archive / "dists" / suite / "Release").write_text(f"Suite: {suite}\n")
    monkeypatch.setattr(apt, "KEYRING", tmp_path / "none")
    monkeypatch.setattr(apt, "_archives", lambda: {"Debian": f"[trusted=yes] file:{archive}"})
    home = Apt(tmp_path / "home", [(suite, "Debian") for suite in versions])
    home.update()
    found = [stanza["Version"] for stanza in home.show("linux")]
    assert found == ["7.3.4-1~bpo13+1", "7.3.4~rc7-1", "6.12.95-1~bpo12+1"]
