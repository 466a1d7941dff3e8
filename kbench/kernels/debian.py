# SPDX-License-Identifier: MIT
"""Debian's kernels: linux-image, linux-headers and linux-source, all of one version.

A release is resolved from the archive once and then recorded in the cache: counts of
different kernels are never compared, so a newer one must be asked for.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from kbench.errors import KbenchError
from kbench.files import read_regular
from kbench.kernels import apt, cache
from kbench.kernels.errors import PackageUnavailable

DEFAULT = "6.1"
PIN_BYTES = 1 << 20
# Name -> suites, each with the label of the archive that holds it. A name is one of
# upstream's stable series, or the newest kernel of all suites: backports may be ahead of sid.
SUITES: dict[str, tuple[tuple[str, str], ...]] = {
    "6.1": (("bookworm", "Debian"), ("bookworm-security", "Debian-Security")),
    "6.12": (("bookworm-backports", "Debian"),),
    "newest": tuple(
        (suite, "Debian") for suite in ("bookworm-backports", "trixie", "trixie-backports", "sid")
    ),
}
# What the packages linux-image-* and linux-headers-* are incomplete without.
IMAGE_NEEDS = "linux-(?:base|binary|modules)-[0-9]"
HEADERS_NEED = "linux-(?:headers|kbuild)-[0-9]"


@dataclass(frozen=True)
class Package:
    """One binary package, with the hash and size (bytes) that the signed lists promise."""

    name: str
    version: str
    sha256: str
    size: int


@dataclass(frozen=True)
class KernelRelease:
    """The packages of one version of Debian's kernel.

    name: one of SUITES. release: what uname -r says there. image: the package linux-image-*.
    parts: the packages that hold its files, since Linux 7.2 (linux-binary-*, linux-modules-*).
    compiler: the program that compiled the kernel; records from before that field are of
    kernels that gcc-12 compiled.
    """

    name: str
    version: str
    release: str
    image: Package
    headers: tuple[Package, ...]
    source: Package
    parts: tuple[Package, ...] = ()
    compiler: str = "gcc-12"

    @property
    def key(self) -> str:
        """Changes with the content of any of the packages."""
        packages = (self.image, *self.parts, *self.headers, self.source)
        return f"{self.version}-{cache.digest(*(package.sha256 for package in packages))}"


def resolve(name: str = DEFAULT, *, update: bool = False) -> KernelRelease:
    """The release `name`: the recorded one, or where none is recorded the archive's latest.

    `update` asks the archive in any case and records its answer. Raises PackageUnavailable
    when the name is unknown, the archive is not reachable or lacks packages.
    """
    require_known(name)
    if not update and (release := recorded(name)):
        return release
    with cache.lock(f"pin-{name}"):
        if not update and (release := recorded(name)):
            return release
        source = apt.Apt(apt.home(name), SUITES[name])
        source.update()
        release = latest(name, source)
        _write(_place(name), release)
        return release


def require_known(name: str) -> None:
    """Raise PackageUnavailable unless `name` is one of SUITES."""
    if name not in SUITES:
        known = ", ".join(f"debian:{suite}" for suite in SUITES)
        raise PackageUnavailable(f"no kernel debian:{name}: known are {known}")


def recorded(name: str) -> KernelRelease | None:
    """The release `name` as the cache records it; None before it was resolved."""
    return _read(_place(name))


def latest(name: str, source: apt.Apt) -> KernelRelease:
    """The latest version of which image, headers and source are all in the archive.

    The signed image appears hours after the headers of the same version, and old
    ABI packages leave the mirror: a version that lacks one of them is passed over.
    """
    for meta in source.show("linux-headers-amd64"):
        abi = _dependency(meta, r"linux-headers-[^ ,]+-amd64")
        if abi is None:
            continue
        release = abi.removeprefix("linux-headers-")
        images = {s["Version"]: s for s in source.show(f"linux-image-{release}")}
        for headers in source.show(abi):
            version = headers["Version"]
            series = ".".join(version.split(".")[:2])
            tarball = _exactly(source, f"linux-source-{series}", version)
            if version in images and tarball and name in (series, "newest"):
                return KernelRelease(
                    name=name,
                    version=version,
                    release=release,
                    image=_package(images[version]),
                    headers=(_package(headers), *_needed(source, headers, HEADERS_NEED)),
                    source=tarball,
                    parts=_needed(source, images[version], IMAGE_NEEDS),
                    compiler=compiler(headers),
                )
    raise PackageUnavailable(
        f"the archive has no complete kernel {name} (image, headers and source of one version)"
    )


def compiler(headers: apt.Stanza) -> str:
    """The compiler that a headers package depends on, directly or as linux-compiler-gcc-12-x86.

    Raises PackageUnavailable when it depends on none: modules could not be built with it.
    """
    found = re.search(r"(?:^|, )(?:linux-compiler-)?(gcc-\d+)\b", headers.get("Depends", ""))
    if found is None:
        raise PackageUnavailable(f"{headers['Package']} depends on no compiler")
    return found.group(1)


def _needed(source: apt.Apt, stanza: apt.Stanza, names: str) -> tuple[Package, ...]:
    """The packages of the same version that `stanza` depends on and whose names match."""
    needed = re.findall(rf"(?:^|, )({names}[^ ,]*)", stanza.get("Depends", ""))
    found = [_exactly(source, name, stanza["Version"]) for name in needed]
    return tuple(package for package in found if package)


def _exactly(source: apt.Apt, package: str, version: str) -> Package | None:
    found = (stanza for stanza in source.show(package) if stanza["Version"] == version)
    return next(map(_package, found), None)


def _dependency(stanza: apt.Stanza, pattern: str) -> str | None:
    found = re.search(rf"(?:^|, ){pattern}(?=[ ,]|$)", stanza.get("Depends", ""))
    return found.group().removeprefix(", ") if found else None


def _package(stanza: apt.Stanza) -> Package:
    return Package(stanza["Package"], stanza["Version"], stanza["SHA256"], int(stanza["Size"]))


def _place(name: str) -> Path:
    return cache.root() / "pins" / f"{name}.json"


def _read(path: Path) -> KernelRelease | None:
    import msgspec

    try:
        return msgspec.json.decode(read_regular(path, PIN_BYTES), type=KernelRelease)
    except (KbenchError, msgspec.MsgspecError, RecursionError):
        return None


def _write(path: Path, release: KernelRelease) -> None:
    import msgspec

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(release)))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
