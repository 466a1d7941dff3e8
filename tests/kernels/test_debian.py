# SPDX-License-Identifier: MIT
from pathlib import Path

import pytest

from kbench.kernels import apt, debian
from kbench.kernels.errors import PackageUnavailable


class Archive:
    """An archive of (package, version) with dependencies, newest first."""

    updates = 0

    def __init__(self, rows: list[tuple[str, str, str]]) -> None:
        self.rows = rows

    def update(self) -> None:
        self.updates += 1

    def show(self, package: str) -> list[apt.Stanza]:
        return [
            {
                "Package": name,
                "Version": version,
                "Depends": depends,
                "SHA256": "0" * 64,
                "Size": "7",
            }
            for name, version, depends in self.rows
            if name == package
        ]


def rows(version: str, abi: str) -> list[tuple[str, str, str]]:
    release = f"{abi}-amd64"
    return [
        ("linux-headers-amd64", version, f"linux-headers-{release}"),
        (f"linux-image-{release}", version, "kmod, linux-base (>= 4.3~)"),
        (
            f"linux-headers-{release}",
            version,
            f"linux-headers-{abi}-common (= {version}), linux-kbuild-6.1 (>= {version}), gcc-12",
        ),
        (f"linux-headers-{abi}-common", version, ""),
        ("linux-kbuild-6.1", version, ""),
        ("linux-source-6.1", version, ""),
    ]


def test_pin_has_one_version_of_everything() -> None:
    pin = debian.newest("6.1", Archive(rows("6.1.2-1", "6.1.0-2") + rows("6.1.1-1", "6.1.0-1")))
    assert (pin.version, pin.release) == ("6.1.2-1", "6.1.0-2-amd64")
    assert pin.compiler == "gcc-12"
    assert pin.image.name == "linux-image-6.1.0-2-amd64"
    assert [package.name for package in pin.headers] == [
        "linux-headers-6.1.0-2-amd64", "linux-headers-6.1.0-2-common", "linux-kbuild-6.1",
    ]  # fmt: skip
    assert {package.version for package in (pin.image, pin.source, *pin.headers)} == {"6.1.2-1"}


@pytest.mark.parametrize("late", ["linux-image-6.1.0-2-amd64", "linux-source-6.1"])
def test_incomplete_version_is_passed_over(late: str) -> None:
    new = [row for row in rows("6.1.2-1", "6.1.0-2") if row[0] != late]
    pin = debian.newest("6.1", Archive(new + rows("6.1.1-1", "6.1.0-1")))
    assert pin.version == "6.1.1-1"


@pytest.mark.parametrize(
    ("depends", "compiler"),
    [
        ("linux-kbuild-6.1 (>= 6.1.2-1), linux-compiler-gcc-12-x86", "gcc-12"),
        ("linux-compiler-gcc-10-x86, linux-kbuild-5.10", "gcc-10"),
        ("linux-base (>= 4.12~), linux-kbuild-6.12.95+deb13, gcc-14", "gcc-14"),
        ("gcc-14-for-host (>= 14.2), linux-base", "gcc-14"),
    ],
)
def test_compiler_is_the_one_that_the_headers_depend_on(depends: str, compiler: str) -> None:
    assert debian.compiler({"Package": "linux-headers", "Depends": depends}) == compiler


def test_headers_without_a_compiler() -> None:
    with pytest.raises(PackageUnavailable, match="linux-headers depends on no compiler"):
        debian.compiler({"Package": "linux-headers", "Depends": "linux-base, gcc"})


def test_archive_without_a_kernel() -> None:
    with pytest.raises(PackageUnavailable, match=r"no complete kernel 6\.1"):
        debian.newest("6.1", Archive([]))


def test_unknown_pin() -> None:
    with pytest.raises(PackageUnavailable, match=r"known are 6\.1, 6\.12"):
        debian.resolve("5.10")


def test_pin_stays_until_an_update(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive(rows("6.1.1-1", "6.1.0-1"))
    monkeypatch.setattr(debian.apt, "Apt", lambda home, suites: archive)
    first = debian.resolve("6.1")
    archive.rows = rows("6.1.2-1", "6.1.0-2") + archive.rows
    assert debian.resolve("6.1") == debian.recorded("6.1") == first
    assert debian.resolve("6.1", update=True).version == "6.1.2-1"
    assert debian.resolve("6.1").version == "6.1.2-1"
    assert archive.updates == 2


def test_damaged_record_is_resolved_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian.apt, "Apt", lambda home, suites: Archive(rows("6.1.1-1", "6.1.0-1")))
    pin = debian.resolve("6.1")
    (root / "pins/6.1.json").write_text('{"name": 3}')
    assert debian.recorded("6.1") is None
    assert debian.resolve("6.1") == pin
