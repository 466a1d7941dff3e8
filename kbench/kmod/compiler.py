# SPDX-License-Identifier: MIT
"""The compiler that KVM modules are built with: the one that compiled their kernel.

Debian's headers call it by name ("gcc-12"), whatever the machine's own `gcc` is. Its version
may still be another than the kernel's: then unchanged sources give other machine code.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from kbench import programs
from kbench.kernels import debian, packages, tools
from kbench.kernels.cache import Progress
from kbench.kernels.packages import KernelTree

VERSION_SECONDS = 60


def tree(kernel: str, groups: Sequence[str], progress: Progress) -> KernelTree:
    """The packages of the kernel pin `kernel`, for a build that needs `groups` of programs.toml.

    Where one of the packages has to be fetched, the programs and the compiler are checked
    first. Raises ProgramsMissing, and what debian.resolve() and packages.fetch() raise.
    """
    recorded = debian.recorded(kernel)
    complete = recorded is not None and packages.fetched(recorded)
    if not complete:
        known = [recorded.compiler] if recorded else programs.group(programs.COMPILERS)
        programs.require("kvm", *groups, compilers=known)
    pin = debian.resolve(kernel)
    if not complete:
        programs.require(compilers=[pin.compiler])
    return packages.fetch(pin, progress)


def kernels_version(headers: Path) -> str:
    """The compiler of the kernel, as its headers have it: "gcc-12 (Debian 12.2.0-14) 12.2.0"."""
    config = (headers / "include/config/auto.conf").read_text()
    found = re.search(r'^CONFIG_CC_VERSION_TEXT="?(.*?)"?$', config, re.MULTILINE)
    return found.group(1) if found else ""


def version(compiler: str) -> str:
    """The installed compiler's, in the same form. Raises ProgramsMissing."""
    programs.require(compilers=[compiler])
    return tools.run([compiler, "--version"], VERSION_SECONDS).partition("\n")[0]
