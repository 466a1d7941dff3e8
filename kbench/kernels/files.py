# SPDX-License-Identifier: MIT
"""Kernels that lie on this machine: an installed one, or any image with its modules."""

import re
import struct
from dataclasses import dataclass, replace
from pathlib import Path

from kbench.kernels import cache, config, modinfo, vmlinux
from kbench.kernels.cache import Progress
from kbench.kernels.errors import KernelError
from kbench.kernels.kernel import Kernel, KernelTree, NoCode

# Offset of the version string's address in the boot protocol's header, less 512.
KERNEL_VERSION = 0x20E
KVM = ("kvm", "kvm-amd")
# Where distributions install kernels and modules.
BOOT, MODULES = Path("/boot"), Path("/lib/modules")


@dataclass(frozen=True, kw_only=True)
class FileKernel(Kernel):
    """A kernel whose files somebody else has put where they are."""

    def tree(self, progress: Progress) -> KernelTree:
        """Its headers, which distributions link as `build` beside the modules; no source."""
        headers = self.modules.parent / "build"
        if not (headers / "Makefile").exists():
            raise KernelError(f"no headers for {self.release}: {headers} is not there")
        source = NoCode(f"{self.spec} comes without its source: name a tree with --source")
        return KernelTree(kernel=self, key=self.name, headers=headers.resolve(), source=source)


def installed(name: str) -> FileKernel:
    """The kernel /boot/vmlinuz-X, or `name` where it is a path, with /lib/modules/X."""
    path = Path(name) if "/" in name else BOOT / f"vmlinuz-{name}"
    return _kernel(f"installed:{name}", path, MODULES / release(path))


def image(words: str) -> FileKernel:
    """The kernel FILE with the modules below DIRECTORY, of "FILE,DIRECTORY" or "FILE".

    DIRECTORY holds lib/modules/RELEASE, as after `make modules_install`, or the modules
    themselves; without one it is FILE's own.
    """
    file, _, directory = words.partition(",")
    path = Path(file).expanduser()
    below = Path(directory).expanduser() if directory else path.parent
    made = below / "lib/modules" / release(path)
    return _kernel(f"image:{words}", path, made if made.is_dir() else below)


def release(path: Path) -> str:
    """What uname -r says in the kernel `path`. Raises KernelError when it does not say."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise KernelError(f"cannot read the kernel {path}: {error.strerror}") from error
    if data[vmlinux.MAGIC : vmlinux.MAGIC + 4] == b"HdrS" and len(data) > KERNEL_VERSION + 1:
        (start,) = struct.unpack_from("<H", data, KERNEL_VERSION)
        words = data[start + 512 : start + 640].partition(b"\0")[0].decode(errors="replace")
    else:
        found = re.search(rb"Linux version ([!-~]+) ", data)
        words = found[1].decode() if found else ""
    if not words.strip():
        raise KernelError(f"{path} is no kernel of x86: it has no version")
    return words.split()[0]


def _kernel(spec: str, path: Path, modules: Path) -> FileKernel:
    name = release(path)
    for place in (path.with_name(f"config-{name}"), modules / "config"):
        if place.is_file():
            config.require(place.read_text(), spec)
    # The content is known when the modules are read, which takes a kernel to read them of.
    rough = FileKernel(
        spec=spec,
        version=name,
        name=name,
        release=name,
        content="",
        vmlinuz=path,
        modules=modules / "kernel" if (modules / "kernel").is_dir() else modules,
    )
    content = digest(rough)
    version = f"{name}-{content[:8]}"
    return replace(rough, version=version, name=version, content=content)


def digest(kernel: Kernel) -> str:
    """A digest of what the lab's snapshot takes from a kernel: itself, and modules below KVM.

    KVM's own modules are not in it: kernels that differ in those alone have one snapshot.
    """
    below: dict[str, bytes] = {}
    for name in KVM:
        below |= modinfo.dependencies(kernel, modinfo.content(kernel, name))
    parts = (part for name, data in below.items() if name not in KVM for part in (name, data))
    return cache.digest(kernel.vmlinuz.read_bytes(), *parts)
