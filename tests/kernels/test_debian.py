# SPDX-License-Identifier: MIT
from pathlib import Path

import pytest

from kbench.kernels import apt, debian
from kbench.kernels.errors import PackageUnavailable


class Archive(apt.Apt):
    """An archive of (package, version) with dependencies, newest first."""

    updates = 0

    def __init__(self, rows: list[tuple[str, str, str]]) -> None:
        super().__init__(Path(), ())
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


def rows(version: str, abi: str, series: str = "6.1") -> list[tuple[str, str, str]]:
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
        (f"linux-source-{series}", version, ""),
    ]


def test_release_has_one_version_of_everything() -> None:
    release = debian.latest("6.1", Archive(rows("6.1.2-1", "6.1.0-2") + rows("6.1.1-1", "6.1.0-1")))
    assert (release.version, release.release) == ("6.1.2-1", "6.1.0-2-amd64")
    assert release.compiler == "gcc-12"
    assert release.image.name == "linux-image-6.1.0-2-amd64"
    assert [package.name for package in release.headers] == [
        "linux-headers-6.1.0-2-amd64", "linux-headers-6.1.0-2-common", "linux-kbuild-6.1",
    ]  # fmt: skip
    assert {package.version for package in (release.image, release.source, *release.headers)} == {
        "6.1.2-1"
    }


@pytest.mark.parametrize("late", ["linux-image-6.1.0-2-amd64", "linux-source-6.1"])
def test_incomplete_version_is_passed_over(late: str) -> None:
    new = [row for row in rows("6.1.2-1", "6.1.0-2") if row[0] != late]
    release = debian.latest("6.1", Archive(new + rows("6.1.1-1", "6.1.0-1")))
    assert release.version == "6.1.1-1"


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


def test_newest_is_of_any_series() -> None:
    new = rows("7.3.4-1", "7.3.4+deb14", "7.3")
    name = "linux-image-7.3.4+deb14-amd64"
    parts = [name.replace("image", part) for part in ("base", "binary", "modules")]
    new = [row for row in new if row[0] != name]
    new.append((name, "7.3.4-1", f"dracut, {', '.join(f'{part} (= 7.3.4-1)' for part in parts)}"))
    new += [(part, "7.3.4-1", "") for part in parts]
    archive = Archive(new + rows("6.1.1-1", "6.1.0-1"))
    release = debian.latest("newest", archive)
    assert [package.name for package in release.parts] == parts
    assert (release.name, release.version, release.source.name) == (
        "newest", "7.3.4-1", "linux-source-7.3",
    )  # fmt: skip
    assert debian.latest("6.1", archive).version == "6.1.1-1"


def test_archive_without_a_kernel() -> None:
    with pytest.raises(PackageUnavailable, match=r"no complete kernel 6\.1"):
        debian.latest("6.1", Archive([]))


def test_unknown_name() -> None:
    with pytest.raises(PackageUnavailable, match=r"known are debian:6\.1, debian:6\.12"):
        debian.resolve("5.10")


def test_release_stays_until_an_update(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive(rows("6.1.1-1", "6.1.0-1"))
    monkeypatch.setattr("kbench.kernels.debian.apt.Apt", lambda home, suites: archive)
    first = debian.resolve("6.1")
    archive.rows = rows("6.1.2-1", "6.1.0-2") + archive.rows
    assert debian.resolve("6.1") == debian.recorded("6.1") == first
    assert debian.resolve("6.1", update=True).version == "6.1.2-1"
    assert debian.resolve("6.1").version == "6.1.2-1"
    assert archive.updates == 2


def test_damaged_record_is_resolved_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive(rows("6.1.1-1", "6.1.0-1"))
    monkeypatch.setattr("kbench.kernels.debian.apt.Apt", lambda home, suites: archive)
    release = debian.resolve("6.1")
    (root / "pins/6.1.json").write_text('{"name": 3}')
    assert debian.recorded("6.1") is None
    assert debian.resolve("6.1") == release
