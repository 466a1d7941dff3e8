# SPDX-License-Identifier: MIT
"""The installed QEMU: is it there, and is it new enough?"""

import re
import shutil
from dataclasses import dataclass

from kbench import programs
from kbench.kernels import tools
from kbench.lab.errors import EmulatorUnavailable

PROGRAM = "qemu-system-x86_64"
MISSING = f"{PROGRAM} is not installed: {programs.hint(PROGRAM)}"
# The oldest on which the lab was seen to be exact.
OLDEST = (7, 2)
VERSION_SECONDS = 60


@dataclass(frozen=True)
class Qemu:
    """The program: its path and its version as it prints it ("7.2.22 (Debian ...)")."""

    path: str
    version: str


def find() -> Qemu:
    """The installed QEMU. Raises EmulatorUnavailable when it is missing or older than OLDEST."""
    path = shutil.which(PROGRAM)
    if path is None:
        raise EmulatorUnavailable(MISSING)
    text = tools.run([path, "--version"], VERSION_SECONDS, error=EmulatorUnavailable)
    found = re.search(r"version (\S+( \(.*\))?)", text)
    numbers = tuple(int(n) for n in re.findall(r"\d+", found.group(1))[:2]) if found else (0, 0)
    if found is None or numbers < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        version = found.group(1) if found else "of unknown version"
        raise EmulatorUnavailable(f"{path} is {version}: the lab needs QEMU {oldest} or newer")
    return Qemu(path, found.group(1))


def obstacle() -> str:
    """Why there can be no lab here, "" where QEMU is installed."""
    return "" if shutil.which(PROGRAM) else MISSING
