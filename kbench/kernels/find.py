# SPDX-License-Identifier: MIT
"""The kernel that a `--kernel` option names."""

from kbench.kernels import debian, files, packages
from kbench.kernels.cache import Progress
from kbench.kernels.errors import KernelError
from kbench.kernels.kernel import Kernel
from kbench.kernels.tree import build

ORIGINS = ("debian", "tree", "installed", "image")
FORMS = (
    "debian:6.1[,BASE], debian:6.12, debian:newest, tree:DIR[@REF][,BASE], "
    "installed:/boot/vmlinuz-X, image:FILE[,MODULES]"
)


def find(spec: str, progress: Progress) -> Kernel:
    """The kernel `spec`, one of FORMS, made bootable. A name without a colon is Debian's.

    Raises KernelError when there is no such kernel or it cannot be had.
    """
    origin, rest = _parts(spec)
    match origin:
        case "debian":
            name, comma, base = rest.partition(",")
            return (
                build.packaged(name, base, progress) if comma else packages.kernel(name, progress)
            )
        case "installed":
            return files.installed(rest)
        case "image":
            return files.image(rest)
        case "tree":
            return build.kernel(rest, progress)
    raise KernelError(f"no kernel {spec!r}: --kernel takes {FORMS}")


def needs(spec: str) -> tuple[str, ...]:
    """The groups of programs.toml that find() takes for one of Debian's kernels."""
    name = debian_name(spec)
    return packages.needs(name) if name else ()


def update(spec: str) -> None:
    """Take the archive's latest version of one of Debian's kernels from now on.

    Raises PackageUnavailable, and KernelError for a kernel that is not Debian's.
    """
    debian.resolve(_debian(spec), update=True)


def known(spec: str) -> str:
    """Version and release of one of Debian's kernels that has been resolved; else empty."""
    name = debian_name(spec)
    packages = debian.recorded(name) if name else None
    return f"{packages.version} ({packages.release})" if packages else ""


def debian_name(spec: str) -> str:
    """The name of one of Debian's own builds; empty where `spec` is something else.

    Raises PackageUnavailable for a name that Debian does not have.
    """
    origin, rest = _parts(spec)
    if origin != "debian" or "," in rest:
        return ""
    debian.require_known(rest)
    return rest


def _debian(spec: str) -> str:
    """The name in a spec of Debian's."""
    name = debian_name(spec)
    if not name:
        raise KernelError(f"{spec} is none of Debian's kernels: it has no recorded version")
    return name


def _parts(spec: str) -> tuple[str, str]:
    """Where a kernel comes from and what it is called there; a bare name is Debian's."""
    origin, colon, rest = spec.partition(":")
    return (origin, rest) if colon else ("debian", spec)
