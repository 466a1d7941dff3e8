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


def require(*needed: str, compilers: Iterable[str] = ()) -> None:
    """Check that the groups `needed` of programs.toml and the `compilers` are installed.

    A compiler's Debian package has its name ("gcc-12"). Raises ProgramsMissing.
    """
    wanted = {name: name for name in compilers}
    for group in needed:
        wanted |= _table()[group]
    missing = [name for name in wanted if not _installed(name)]
    if missing:
        packages = dict.fromkeys(wanted[name] for name in missing)
        raise ProgramsMissing(
            f"not installed: {', '.join(missing)}; on Debian: {install(*packages)}"
        )


def install(*packages: str) -> str:
    """The command that installs these Debian packages."""
    return f"sudo apt-get install --no-install-recommends {' '.join(packages)}"


def hint(program: str) -> str:
    """The command that installs a program of the table; "" for another program."""
    packages = [group[program] for group in _table().values() if program in group]
    return install(packages[0]) if packages else ""


def groups() -> tuple[str, ...]:
    """The names of all groups of the table."""
    return tuple(_table())


def group(name: str) -> dict[str, str]:
    """A group of the table: program or path of a file -> Debian package."""
    return _table()[name]


def _installed(name: str) -> bool:
    return Path(name).exists() if name.startswith("/") else shutil.which(name) is not None


@cache
def _table() -> dict[str, dict[str, str]]:
    return tomllib.loads((resources.files("kbench") / "programs.toml").read_text())
