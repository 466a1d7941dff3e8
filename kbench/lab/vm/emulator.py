# SPDX-License-Identifier: MIT
"""The installed QEMU: is it there, and is it new enough?"""

import re
import shutil
import subprocess
from dataclasses import dataclass

from kbench.lab.errors import QemuUnavailable

PROGRAM = "qemu-system-x86_64"
MISSING = f"{PROGRAM} is not here: apt-get install qemu-system-x86"
# The oldest on which the lab was seen to be exact.
OLDEST = (7, 2)


@dataclass(frozen=True)
class Emulator:
    """The emulator: its path and its version as it prints it ("7.2.22 (Debian ...)")."""

    path: str
    version: str


def find() -> Emulator:
    """The installed QEMU. Errors: QemuUnavailable when it is missing or older than OLDEST."""
    path = shutil.which(PROGRAM)
    if path is None:
        raise QemuUnavailable(MISSING)
    try:
        text = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=60, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise QemuUnavailable(f"{path} does not run: {error}") from error
    found = re.search(r"version (\S+( \(.*\))?)", text)
    numbers = tuple(int(n) for n in re.findall(r"\d+", found.group(1))[:2]) if found else (0, 0)
    if found is None or numbers < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        version = found.group(1) if found else "of unknown version"
        raise QemuUnavailable(f"{path} is {version}: the lab needs QEMU {oldest} or newer")
    return Emulator(path, found.group(1))
