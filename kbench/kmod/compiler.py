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
from kbench.kernels import cache, debian, find, packages, tools
from kbench.kernels.cache import Progress
from kbench.kernels.errors import KernelError
from kbench.kernels.kernel import KernelTree
from kbench.programs import ProgramsMissing

VERSION_SECONDS = 60
# make(1) ends a word, a target or a line there.
MEANS_SOMETHING = frozenset(" \t:%#$")


def tree(kernel: str, groups: Sequence[str], progress: Progress) -> KernelTree:
    """What a build for `kernel` takes, which needs `groups` of programs.toml.

    Where one of Debian's packages has to be fetched, the programs and the compiler are checked
    first. Raises ProgramsMissing, and KernelError when the kernel or its tree cannot be had.
    """
    name = find.debian_name(kernel)
    recorded = debian.recorded(name) if name else None
    complete = recorded is not None and packages.fetched(recorded)
    if not complete:
        require_path(cache.root())
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


def require_path(path: Path) -> None:
    """Raise KernelError unless kbuild can build in `path`, or with the headers there."""
    if found := next((each for each in str(path) if each in MEANS_SOMETHING), ""):
        own = path.is_relative_to(cache.root())
        remedy = "set XDG_CACHE_HOME to another directory" if own else "move it"
        what = "a blank" if found == " " else repr(found)
        raise KernelError(f"kbuild takes no path with {what}, as {path} is: {remedy}")


def kernels_version(headers: Path) -> str:
    """The compiler of the kernel, as its headers have it: "gcc-12 (Debian 12.2.0-14) 12.2.0"."""
    config = (headers / "include/config/auto.conf").read_text()
    found = re.search(r'^CONFIG_CC_VERSION_TEXT="?(.*?)"?$', config, re.MULTILINE)
    return found.group(1) if found else ""


def version(compiler: str) -> str:
    """The installed compiler's, in the same form. Raises ProgramsMissing."""
    programs.require(compilers=[compiler])
    return tools.run([compiler, "--version"], VERSION_SECONDS).partition("\n")[0]
