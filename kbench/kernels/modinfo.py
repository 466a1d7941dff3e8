# SPDX-License-Identifier: MIT
"""What a kernel module says of itself in its .modinfo section, and what it needs."""

import re
from pathlib import Path

from kbench.kernels.kernel import Kernel
from kbench.kernels.unpack import unpack


def content(kernel: Kernel, name: str) -> bytes:
    """The ELF file of the kernel's module `name`. Raises KernelError when there is none."""
    return read(kernel.module(name))


def read(path: Path) -> bytes:
    """The ELF file of a module that may be compressed. Raises KernelError when it is damaged."""
    return unpack(path.read_bytes())


def dependencies(kernel: Kernel, module: bytes) -> dict[str, bytes]:
    """The modules that `module` needs, by name in the order of loading, without itself."""
    found: dict[str, bytes] = {}
    for name in depends(module):
        needed = content(kernel, name)
        found |= {**dependencies(kernel, needed), name: needed}
    return found


def depends(module: bytes) -> list[str]:
    """The names in a module's field `depends`."""
    names = field(module, "depends")
    return names.split(",") if names else []


def field(module: bytes, name: str) -> str:
    """A field of a module's .modinfo section ("vermagic", "srcversion"); empty without it."""
    found = re.search(rb"\0" + name.encode() + rb"=([^\0]*)\0", module)
    return found.group(1).decode(errors="replace") if found else ""
