# SPDX-License-Identifier: MIT
"""Running what a stranger has written, such as a kernel tree's Makefile, under bubblewrap.

bwrap(1) gives a program namespaces of its own: it sees no network, no other process and no home
directory, can write where it is told to, and ends with kbench, all that it has started with it.
"""

import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

PROGRAM = "bwrap"
# What people keep their own files in.
HIDDEN = ("/home", "/root", "/tmp", "/run", "/var/tmp")
NAMESPACES = ("--unshare-all", "--die-with-parent", "--dev", "/dev", "--proc", "/proc")
TRY_SECONDS = 10.0


@cache
def available() -> bool:
    """Whether bubblewrap is installed and this kernel lets it make its namespaces."""
    if shutil.which(PROGRAM) is None:
        return False
    command = [PROGRAM, "--ro-bind", "/", "/", *NAMESPACES, "true"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TRY_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def confined(
    command: Sequence[str], writable: Sequence[Path], readable: Sequence[Path] = ()
) -> list[str]:
    """`command` under bubblewrap, or as it is where that is not available.

    Of HIDDEN it sees the directories `readable`, and `writable` alone can be written.
    """
    if not available():
        return list(command)
    words = [PROGRAM, "--ro-bind", "/", "/", *NAMESPACES]
    for hidden in filter(Path.is_dir, map(Path, HIDDEN)):
        words += ["--tmpfs", str(hidden)]
    for option, paths in (("--ro-bind", readable), ("--bind", writable)):
        for path in paths:
            words += [option, str(path.resolve()), str(path.resolve())]
    return [*words, *command]
