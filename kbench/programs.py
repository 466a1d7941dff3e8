# SPDX-License-Identifier: MIT
"""The programs that kbench starts, and how to install those that are missing.

programs.toml groups them by what needs them. A command checks its groups before it fetches
or builds anything, so that one message names everything that is missing.
"""

import shutil
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path

from kbench.distribution import install
from kbench.errors import KbenchError

LIBRARIES = ("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/lib64")
COMPILERS = "compiler"


class ProgramsMissing(KbenchError):
    """Programs are not installed; the message names all of them, and what installs them here."""


def require(*needed: str, compilers: Iterable[str] = ()) -> None:
    """Check that the groups `needed` of programs.toml and the `compilers` are installed.

    A compiler's Debian package has its name ("gcc-12"). Raises ProgramsMissing.
    """
    missing = _missing(needed, compilers)
    if missing:
        raise ProgramsMissing(
            f"not installed: {', '.join(missing)}; to install: {install(*_packages(missing))}"
        )


def hint(program: str) -> str:
    """The command that installs a program of the table; "" for another program."""
    packages = [group[program] for group in _table().values() if program in group]
    return install(packages[0]) if packages else ""


def lacking(*needed: str) -> list[str]:
    """The Debian packages of what the groups `needed` lack here."""
    return _packages(_missing(needed))


def groups() -> tuple[str, ...]:
    """The names of all groups of the table."""
    return tuple(_table())


def group(name: str) -> dict[str, str]:
    """A group of the table: program or path of a file -> Debian package."""
    return _table()[name]


def _missing(needed: Iterable[str], compilers: Iterable[str] = ()) -> dict[str, str]:
    """What is not installed: program, file or library -> Debian package."""
    wanted = {name: name for name in compilers}
    for name in needed:
        wanted |= group(name)
    return {name: package for name, package in wanted.items() if not _installed(name)}


def _packages(missing: dict[str, str]) -> list[str]:
    return list(dict.fromkeys(missing.values()))


def _installed(name: str) -> bool:
    if ".so." in name:  # a library, which each distribution has elsewhere
        return any(Path(place, name).exists() for place in LIBRARIES)
    return Path(name).exists() if name.startswith("/") else shutil.which(name) is not None


@cache
def _table() -> dict[str, dict[str, str]]:
    return tomllib.loads((resources.files("kbench") / "programs.toml").read_text())


if __name__ == "__main__":  # for .ci/packages
    for package in lacking(*sys.argv[1:]):
        print(package)
