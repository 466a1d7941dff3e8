# SPDX-License-Identifier: MIT
"""Getting Bochs: what is missing is named before anything is fetched."""

from pathlib import Path

import pytest

from kbench.kernels import apt
from kbench.kernels.errors import PackageUnavailable
from kbench.lab.vm import machines
from kbench.lab.vm.bochs import build
from kbench.programs import ProgramsMissing


def test_missing_compiler_is_named(root: Path, programs: Path) -> None:
    for name in ("setpriv", "tar", "xz", "make", "ar"):
        (programs / name).touch(mode=0o755)
    with pytest.raises(ProgramsMissing, match=r"not installed: g\+\+; to install: .* g\+\+$"):
        build.program()
    assert "g++" in machines.VMX.obstacle()


def test_compiler_is_needed_once(root: Path, programs: Path) -> None:
    place = root / "bochs" / build.version().replace(" ", "-")
    place.mkdir(parents=True)
    assert build.groups() == ("bochs",)
    assert machines.VMX.obstacle().startswith("not installed: setpriv;")


def test_source_is_fetched_by_its_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def output(command: list[str], seconds: int, cwd: Path) -> str:
        asked.append(command)
        return ""

    monkeypatch.setattr(apt, "_archives", lambda: {"Debian": "http://mirror/debian/"})
    monkeypatch.setattr(apt, "_output", output)
    apt.download_file("pool/x.tar.xz", "12ab", tmp_path / "x")
    assert asked[0][-3:] == [
        "http://mirror/debian/pool/x.tar.xz",
        str(tmp_path / "x"),
        "SHA256:12ab",
    ]


def test_machine_without_debian(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(apt, "_archives", lambda: {"Ubuntu": "http://mirror/ubuntu/"})
    with pytest.raises(PackageUnavailable, match="no archive labelled Debian"):
        apt.download_file("pool/x.tar.xz", "12ab", tmp_path / "x")
