# SPDX-License-Identifier: MIT
"""Debian's kernel packages, fetched and unpacked without being installed."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kbench.kernels import apt, cache, debian, tools
from kbench.kernels.cache import Progress
from kbench.kernels.debian import SUITES, KernelRelease, Package
from kbench.kernels.errors import KernelError, PackageUnavailable
from kbench.kernels.kernel import Kernel, KernelTree

UNPACK_SECONDS = 600
# A package unpacks to about five times its size (linux-image: 70 MB to 400 MB).
UNPACKED = 7
# The parts of linux-image's module tree that the lab can use; the other 380 MB are not kept.
KEPT_MODULES = ("arch/x86", "virt", "drivers/crypto/ccp", "drivers/firmware")


@dataclass(frozen=True, kw_only=True)
class DebianKernel(Kernel):
    """A kernel from Debian's archive."""

    packages: KernelRelease

    def configuration(self) -> str:
        """The .config that Debian has built it with. Raises KernelError without one."""
        for name in (f"config-{self.release}", "config"):
            if (place := self.vmlinuz.with_name(name)).exists():
                return place.read_text()
        raise KernelError(f"the package of {self.version} has no configuration")

    def tree(self, progress: Progress) -> KernelTree:
        """The packages linux-headers and linux-source of the same version, unpacked.

        Raises PackageUnavailable, NoSpace, CacheBusy.
        """
        packages = self.packages
        headers = _unpacked("headers", packages, packages.headers, progress)
        return KernelTree(
            kernel=self,
            key=packages.key,
            headers=headers / "usr/src" / f"linux-headers-{packages.release}",
            source=self.code(progress),
            compiler=packages.compiler,
        )

    def code(self, progress: Progress) -> "Tarball":
        """The package linux-source, unpacked. Raises PackageUnavailable, NoSpace, CacheBusy."""
        package = self.packages.source
        place = _unpacked("source", self.packages, [package], progress)
        return Tarball(place / "usr/src" / f"{package.name}.tar.xz", package.sha256)


@dataclass(frozen=True)
class Tarball:
    """The source of a kernel as a tarball (.tar.xz) with one top directory."""

    path: Path
    digest: str

    def extract(self, patterns: Sequence[str], into: Path) -> None:
        """Write what matches `patterns` below `into`. Raises KernelError."""
        self._extract(into, "--wildcards", *(f"*/{pattern}" for pattern in patterns))
        # "*/virt/kvm" is in Documentation/ and tools/ as well.
        tops = {pattern.partition("/")[0] for pattern in patterns}
        for path in list(into.iterdir()):
            if path.name not in tops:
                shutil.rmtree(path)

    def extract_all(self, into: Path) -> None:
        """Write the whole source to `into`. Raises KernelError."""
        self._extract(into)

    def _extract(self, into: Path, *words: str) -> None:
        command = ["tar", "--extract", "--xz", "--strip-components=1"]
        command += [f"--file={self.path}", f"--directory={into}", *words]
        tools.run(command, UNPACK_SECONDS, what=f"cannot extract {self.path}")


def fetched(kernel: KernelRelease) -> bool:
    """Whether kernel() and its tree() find everything in the cache."""
    return buildable(kernel) and _has("headers", kernel, kernel.headers)


def buildable(kernel: KernelRelease) -> bool:
    """Whether kernel() and its code() find everything in the cache."""
    source = _has("source", kernel, [kernel.source])
    return source and _has("image", kernel, [kernel.image, *kernel.parts])


def _has(kind: str, kernel: KernelRelease, packages: Sequence[Package]) -> bool:
    return (cache.root() / f"kernel-{kind}" / _key(kernel, packages)).is_dir()


def needs(name: str) -> tuple[str, ...]:
    """The groups of programs.toml that kernel() takes for the kernel `name`."""
    release = debian.recorded(name)
    parts = [release.image, *release.parts] if release else []
    there = release and (cache.root() / "kernel-image" / _key(release, parts)).is_dir()
    # Debian's 6.1 is the last whose modules are packed with xz, which Python has.
    return (*(() if there else ("debian",)), *(() if name == "6.1" else ("zstd",)))


def kernel(name: str, progress: Progress) -> DebianKernel:
    """The kernel that Debian calls `name` (debian.SUITES), unpacked.

    Raises PackageUnavailable, NoSpace, CacheBusy.
    """
    packages = debian.resolve(name)
    parts = [packages.image, *packages.parts]
    place = _unpacked("image", packages, parts, progress)
    # Since Linux 7.2 everything is below /usr.
    modules = next(place.glob(f"**/lib/modules/{packages.release}"))
    boot = place / "boot" / f"vmlinuz-{packages.release}"
    return DebianKernel(
        spec=f"debian:{name}",
        version=packages.version,
        name=packages.release,
        release=packages.release,
        content=cache.digest(*(part.sha256 for part in parts)),
        vmlinuz=boot if boot.exists() else modules / "vmlinuz",
        modules=modules / "kernel",
        packages=packages,
    )


def _unpacked(
    kind: str, kernel: KernelRelease, packages: Sequence[Package], progress: Progress
) -> Path:
    def build(work: Path) -> None:
        cache.require_space(work, UNPACKED * sum(package.size for package in packages))
        for package in packages:
            _unpack(_fetched(kernel, package, progress), work)
        for makefile in work.glob("usr/src/*/Makefile"):
            _relocate(makefile)
        for modules in work.glob("**/lib/modules/*/kernel"):
            _prune(modules)

    place = cache.entry(f"kernel-{kind}", _key(kernel, packages), build, progress)
    for deb in (_downloads() / f"{package.sha256}.deb" for package in packages):
        if deb.exists():
            deb.unlink()
    return place


def _key(kernel: KernelRelease, packages: Sequence[Package]) -> str:
    return f"{kernel.version}-{cache.digest(*(package.sha256 for package in packages))}"


def _fetched(kernel: KernelRelease, package: Package, progress: Progress) -> Path:
    """The .deb in the download directory, kept there until its entry is complete."""
    place = _downloads() / f"{package.sha256}.deb"
    if place.exists() and cache.file_digest(place) == package.sha256:
        return place
    progress(f"fetching {package.name} {package.version} ({package.size / 1e6:.0f} MB)")
    source = apt.Apt(apt.home(kernel.name), SUITES[kernel.name])
    if not (source.home / "apt.conf").exists():
        source.update()
    try:
        deb = source.download(package.name, package.version, _downloads() / package.sha256)
    except PackageUnavailable as error:
        raise PackageUnavailable(
            f"{package.name} {package.version} cannot be fetched: if it has left the archive, "
            f"`kbench lab build --kernel debian:{kernel.name} --update` takes the present version",
            error.output,
        ) from error
    if cache.file_digest(deb) != package.sha256:
        deb.unlink()
        raise PackageUnavailable(
            f"{package.name} {package.version}: the archive has another package of that version"
        )
    deb.rename(place)
    deb.parent.rmdir()
    return place


def _downloads() -> Path:
    return cache.root() / "downloads"


def _unpack(deb: Path, into: Path) -> None:
    command = ["dpkg-deb", "--extract", str(deb), str(into)]
    missing = "install the package dpkg"
    tools.run(command, UNPACK_SECONDS, missing=missing, what=f"cannot unpack {deb}")


def _relocate(makefile: Path) -> None:
    """Let linux-headers' Makefile find its common part beside it, not below /usr/src.

    Since Linux 7.2 it names its own directory too. The links to linux-kbuild are relative
    already and hold in the unpacked tree.
    """
    text = makefile.read_text()
    if "include /usr/src/" in text:
        here = "$(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)/"
        # ":=" as the last Makefile will be another one.
        text = text.replace("=/usr/src/", f":={here}").replace(
            "include /usr/src/", f"include {here}"
        )
        makefile.write_text(text)


def _prune(modules: Path) -> None:
    """Keep of a module tree the modules below KEPT_MODULES."""
    kept = tuple(modules / directory for directory in KEPT_MODULES)
    for path in list(modules.rglob("*.ko*")):
        if not any(path.is_relative_to(directory) for directory in kept):
            path.unlink()
