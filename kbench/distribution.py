# SPDX-License-Identifier: MIT
"""The distribution of this machine: what it calls Debian's packages, and how it installs them."""

import platform
import sys
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class LinuxDistribution:
    """`install` is its command; `packages` are its names of Debian's packages, "" for none."""

    name: str
    install: str
    packages: dict[str, str] = field(default_factory=dict)

    def command(self, *debian: str) -> str:
        """What installs these packages of Debian's, with a word on those that it lacks."""
        names = {package: self.packages.get(package, package) for package in debian}
        there = dict.fromkeys(name for name in names.values() if name)
        absent = [package for package, name in names.items() if not name]
        command = f"sudo {self.install} {' '.join(there)}" if there else ""
        lacking = f"{self.name} has no package of {', '.join(absent)}" if absent else ""
        return f"{command} ({lacking})" if command and lacking else command or lacking


@cache
def here() -> LinuxDistribution | None:
    """This machine's; None where it is not in distributions.toml."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return None
    return find(release.get("ID", ""), release.get("ID_LIKE", ""))


def find(identity: str, like: str) -> LinuxDistribution | None:
    """By ID and ID_LIKE of /etc/os-release, its own name first."""
    table = tomllib.loads((resources.files("kbench") / "distributions.toml").read_text())
    return next(
        (LinuxDistribution(**table[name]) for name in (identity, *like.split()) if name in table),
        None,
    )


def install(*debian: str) -> str:
    """The command of this machine that installs these packages of Debian's, or their names."""
    found = here()
    return found.command(*debian) if found else f"what Debian has in: {' '.join(debian)}"


if __name__ == "__main__":  # for .ci/packages
    print(install(*sys.argv[1:]))
