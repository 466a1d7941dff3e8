# SPDX-License-Identifier: MIT
"""The compiler that KVM modules are built with: the one that compiled their kernel.

Debian's headers call it by name ("gcc-12"), whatever the machine's own `gcc` is. Its version
may still be another than the kernel's: then unchanged sources give other machine code.
"""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from kbench import programs
from kbench.kernels import debian, find, packages, tools
from kbench.kernels.cache import Progress
from kbench.kernels.kernel import KernelTree
from kbench.programs import ProgramsMissing

VERSION_SECONDS = 60


def tree(kernel: str, groups: Sequence[str], progress: Progress) -> KernelTree:
    """What a build for `kernel` takes, which needs `groups` of programs.toml.

    Where one of Debian's packages has to be fetched, the programs and the compiler are checked
    first. Raises ProgramsMissing, and KernelError when the kernel or its tree cannot be had.
    """
    name = find.debian_name(kernel)
    recorded = debian.recorded(name) if name else None
    complete = recorded is not None and packages.fetched(recorded)
    if not complete:
        known = [recorded.compiler] if recorded else programs.group(programs.COMPILERS)
        programs.require("kvm", *groups, *find.needs(kernel), compilers=known)
    if name and not complete:
        programs.require(compilers=[debian.resolve(name).compiler])
    return find.find(kernel, progress).tree(progress)


def require(tree: KernelTree) -> None:
    """Raise ProgramsMissing unless modules for the kernel of `tree` can be built here."""
    try:
        programs.require("kvm", compilers=[tree.compiler])
    except ProgramsMissing as error:
        name = find.debian_name(tree.kernel.spec)
        if not name or shutil.which(tree.compiler):
            raise
        raise ProgramsMissing(
            f"{error}; where there is no {tree.compiler}, --kernel debian:{name},distribution "
            "builds the kernel's source with this machine's gcc"
        ) from None


def kernels_version(headers: Path) -> str:
    """The compiler of the kernel, as its headers have it: "gcc-12 (Debian 12.2.0-14) 12.2.0"."""
    config = (headers / "include/config/auto.conf").read_text()
    found = re.search(r'^CONFIG_CC_VERSION_TEXT="?(.*?)"?$', config, re.MULTILINE)
    return found.group(1) if found else ""


def version(compiler: str) -> str:
    """The installed compiler's, in the same form. Raises ProgramsMissing."""
    programs.require(compilers=[compiler])
    return tools.run([compiler, "--version"], VERSION_SECONDS).partition("\n")[0]
