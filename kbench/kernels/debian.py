# SPDX-License-Identifier: MIT
"""Kernel pins: one Debian version of linux-image, linux-headers and linux-source each.

A pin is resolved from the archive once and then recorded in the cache: counts of
different kernel versions are never compared, so a new version must be asked for.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from kbench.kernels import apt, cache
from kbench.kernels.errors import PackageUnavailable

DEFAULT = "6.1"
# Name -> suites, each with the label of the archive that holds it. The names are
# upstream's stable series, and with them the name of the source package.
SUITES: dict[str, tuple[tuple[str, str], ...]] = {
    "6.1": (("bookworm", "Debian"), ("bookworm-security", "Debian-Security")),
    "6.12": (("bookworm-backports", "Debian"),),
}


@dataclass(frozen=True)
class Package:
    """One binary package, with the hash and size (bytes) that the signed lists promise."""

    name: str
    version: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Pin:
    """The packages of one kernel version.

    `release` is what uname -r says there, `compiler` the program that compiled the kernel;
    records from before that field are of kernels that gcc-12 compiled.
    """

    name: str
    version: str
    release: str
    image: Package
    headers: tuple[Package, ...]
    source: Package
    compiler: str = "gcc-12"

    @property
    def key(self) -> str:
        """Changes with the content of any of the packages."""
        hashes = [package.sha256 for package in (self.image, *self.headers, self.source)]
        return f"{self.version}-{cache.digest(*hashes)}"


def resolve(name: str = DEFAULT, *, update: bool = False) -> Pin:
    """The pin `name`: the recorded one, or the archive's newest where none is recorded.

    `update` asks the archive in any case and records its answer.
    Errors: PackageUnavailable (unknown name, archive not reachable, packages not there).
    """
    if name not in SUITES:
        raise PackageUnavailable(f"no kernel pin {name!r}: known are {', '.join(SUITES)}")
    if not update and (pin := recorded(name)):
        return pin
    with cache.lock(f"pin-{name}"):
        if not update and (pin := recorded(name)):
            return pin
        source = apt.Apt(apt.home(name), SUITES[name])
        source.update()
        pin = newest(name, source)
        _write(_place(name), pin)
        return pin


def recorded(name: str) -> Pin | None:
    """The pin `name` as the cache records it; None before it was resolved."""
    return _read(_place(name))


def newest(name: str, source: apt.Apt) -> Pin:
    """The newest version of which image, headers and source are all in the archive.

    The signed image appears hours after the headers of the same version, and old
    ABI packages leave the mirror: only a version that has all of them is a pin.
    """
    sources = {stanza["Version"]: stanza for stanza in source.show(f"linux-source-{name}")}
    for meta in source.show("linux-headers-amd64"):
        abi = _dependency(meta, r"linux-headers-[^ ,]+-amd64")
        if abi is None:
            continue
        release = abi.removeprefix("linux-headers-")
        images = {s["Version"]: s for s in source.show(f"linux-image-{release}")}
        for headers in source.show(abi):
            version = headers["Version"]
            if version in images and version in sources:
                needs = [_dependency(headers, r"linux-headers-[^ ,]+-common")]
                needs.append(_dependency(headers, r"linux-kbuild-[^ ,]+"))
                parts = [_exactly(source, need, version) for need in needs if need]
                return Pin(
                    name=name,
                    version=version,
                    release=release,
                    image=_package(images[version]),
                    headers=(_package(headers), *parts),
                    source=_package(sources[version]),
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


def _exactly(source: apt.Apt, package: str, version: str) -> Package:
    for stanza in source.show(package):
        if stanza["Version"] == version:
            return _package(stanza)
    raise PackageUnavailable(f"the archive has no {package} of version {version}")


def _dependency(stanza: apt.Stanza, pattern: str) -> str | None:
    found = re.search(rf"(?:^|, ){pattern}(?=[ ,]|$)", stanza.get("Depends", ""))
    return found.group().removeprefix(", ") if found else None


def _package(stanza: apt.Stanza) -> Package:
    return Package(stanza["Package"], stanza["Version"], stanza["SHA256"], int(stanza["Size"]))


def _place(name: str) -> Path:
    return cache.root() / "pins" / f"{name}.json"


def _read(path: Path) -> Pin | None:
    import msgspec

    try:
        return msgspec.json.decode(path.read_bytes(), type=Pin)
    except (OSError, msgspec.MsgspecError):
        return None


def _write(path: Path, pin: Pin) -> None:
    import msgspec

    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(pin)))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
