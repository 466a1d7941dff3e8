# SPDX-License-Identifier: MIT
"""Fetching and unpacking of a pin's packages, without installing them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kbench.kernels import apt, cache, tools
from kbench.kernels.cache import Progress
from kbench.kernels.debian import SUITES, Package, Pin
from kbench.kernels.errors import KernelError, PackageUnavailable

UNPACK_SECONDS = 600
# A package unpacks to about five times its size (the image: 70 MB to 400 MB).
UNPACKED = 7
# The parts of the image's module tree that the lab can use; the other 380 MB are not kept.
KEPT_MODULES = ("arch/x86", "virt", "drivers/crypto/ccp", "drivers/firmware")


@dataclass(frozen=True)
class KernelTree:
    """A pin's packages, unpacked.

    `image`: the image package (`boot/vmlinuz-RELEASE`, `lib/modules/RELEASE`).
    `headers`: for `make -C HEADERS M=DIR modules`, usable where it lies.
    `source`: the linux-source tarball (.tar.xz, one top directory).
    """

    pin: Pin
    image: Path
    headers: Path
    source: Path

    def module(self, name: str) -> Path:
        """The image's own module `name` ("kvm-amd"), compressed or not."""
        return module(self.image, self.pin, name)


def fetched(pin: Pin) -> bool:
    """Whether fetch() finds everything in the cache."""
    kinds = ("headers", pin.headers), ("source", [pin.source]), ("image", [pin.image])
    return all(
        (cache.root() / f"kernel-{kind}" / _key(pin, packages)).is_dir() for kind, packages in kinds
    )


def fetch(pin: Pin, progress: Progress) -> KernelTree:
    """Everything that building KVM modules for `pin` needs.

    Errors: PackageUnavailable, NoSpace, CacheBusy.
    """
    headers = _unpacked("headers", pin, pin.headers, progress)
    source = _unpacked("source", pin, [pin.source], progress)
    return KernelTree(
        pin=pin,
        image=fetch_image(pin, progress),
        headers=headers / "usr/src" / f"linux-headers-{pin.release}",
        source=source / "usr/src" / f"linux-source-{pin.name}.tar.xz",
    )


def fetch_image(pin: Pin, progress: Progress) -> Path:
    """The unpacked image package of `pin`: all that the lab needs to boot its kernel."""
    return _unpacked("image", pin, [pin.image], progress)


def module(image: Path, pin: Pin, name: str) -> Path:
    """The module `name` of an unpacked image package; dashes and underscores are the same."""
    wanted = name.replace("-", "_")
    for path in (image / "lib/modules" / pin.release / "kernel").rglob("*.ko*"):
        if path.name.split(".ko")[0].replace("-", "_") == wanted:
            return path
    raise KernelError(f"the kernel {pin.version} has no module {name}")


def _unpacked(kind: str, pin: Pin, packages: Sequence[Package], progress: Progress) -> Path:
    def build(work: Path) -> None:
        cache.require_space(work, UNPACKED * sum(package.size for package in packages))
        for package in packages:
            _unpack(_fetched(pin, package, progress), work)
        for makefile in work.glob("usr/src/*/Makefile"):
            _relocate(makefile)
        for modules in work.glob("lib/modules/*/kernel"):
            _prune(modules)

    place = cache.entry(f"kernel-{kind}", _key(pin, packages), build, progress)
    for deb in (_downloads() / f"{package.sha256}.deb" for package in packages):
        if deb.exists():
            deb.unlink()
    return place


def _key(pin: Pin, packages: Sequence[Package]) -> str:
    return f"{pin.version}-{cache.digest(*(package.sha256 for package in packages))}"


def _fetched(pin: Pin, package: Package, progress: Progress) -> Path:
    """The .deb in the download directory, kept there until its entry is complete."""
    place = _downloads() / f"{package.sha256}.deb"
    if place.exists() and cache.file_digest(place) == package.sha256:
        return place
    progress(f"fetching {package.name} {package.version} ({package.size / 1e6:.0f} MB)")
    source = apt.Apt(apt.home(pin.name), SUITES[pin.name])
    if not (source.home / "apt.conf").exists():
        source.update()
    try:
        deb = source.download(package.name, package.version, _downloads() / package.sha256)
    except PackageUnavailable as error:
        raise PackageUnavailable(
            f"{package.name} {package.version} cannot be fetched: if it has left the archive, "
            f"`kbench lab build --kernel {pin.name} --update` takes the present version",
            error.output,
        ) from error
    if cache.file_digest(deb) != package.sha256:
        deb.unlink()
        raise PackageUnavailable(f"{package.name} {package.version} is not the package of the pin")
    deb.rename(place)
    deb.parent.rmdir()
    return place


def _downloads() -> Path:
    return cache.root() / "downloads"


def _unpack(deb: Path, into: Path) -> None:
    command: list[str | Path] = ["dpkg-deb", "--extract", deb, into]
    missing = "install the package dpkg"
    tools.run(command, UNPACK_SECONDS, missing=missing, what=f"cannot unpack {deb}")


def _relocate(makefile: Path) -> None:
    """Let linux-headers' Makefile find its common part beside it, not below /usr/src.

    The links to linux-kbuild are relative already and hold in the unpacked tree.
    """
    text = makefile.read_text()
    if text.startswith("include /usr/src/"):
        here = "$(dir $(lastword $(MAKEFILE_LIST)))../"
        makefile.write_text(text.replace("include /usr/src/", f"include {here}", 1))


def _prune(modules: Path) -> None:
    """Keep of a module tree the modules below KEPT_MODULES."""
    kept = tuple(modules / directory for directory in KEPT_MODULES)
    for path in list(modules.rglob("*.ko*")):
        if not any(path.is_relative_to(directory) for directory in kept):
            path.unlink()
