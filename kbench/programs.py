# SPDX-License-Identifier: MIT
"""The programs that kbench starts, and how to install those that are missing.

programs.toml groups them by what needs them. A command checks its groups before it fetches
or builds anything, so that one message names everything that is missing.
"""

import shutil
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path

from kbench.errors import KbenchError

COMPILERS = "compiler"


class ProgramsMissing(KbenchError):
    """Programs are not installed; the message names all of them and their Debian packages."""


def require(*groups: str, compilers: Iterable[str] = ()) -> None:
    """Check that everything in `groups` of programs.toml, and each of `compilers`, is installed.

    A compiler's Debian package has its name ("gcc-12"). Raises ProgramsMissing.
    """
    wanted = {name: name for name in compilers}
    for name in groups:
        wanted |= group(name)
    missing = [name for name in wanted if not _installed(name)]
    if missing:
        packages = dict.fromkeys(wanted[name] for name in missing)
        raise ProgramsMissing(f"not installed: {', '.join(missing)}; {install(*packages)}")


def install(*packages: str) -> str:
    """How to install these Debian packages, as the end of an error message."""
    return f"on Debian: sudo apt-get install --no-install-recommends {' '.join(packages)}"


def package(program: str) -> str:
    """The Debian package of a program of the table. Raises KeyError for another program."""
    return next(group[program] for group in _table().values() if program in group)


def group(name: str) -> dict[str, str]:
    """A group of the table: program or path of a file -> Debian package."""
    return _table()[name]


def _installed(name: str) -> bool:
    return Path(name).exists() if name.startswith("/") else shutil.which(name) is not None


@cache
def _table() -> dict[str, dict[str, str]]:
    return tomllib.loads((resources.files("kbench") / "programs.toml").read_text())
