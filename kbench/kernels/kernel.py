# SPDX-License-Identifier: MIT
"""A kernel as a thing: what boots, its modules, and what building modules for it takes."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kbench.kernels.cache import Progress
from kbench.kernels.errors import KernelError


class KernelCode(Protocol):
    """The source of a kernel, wherever it lies; equal digests mean equal sources."""

    @property
    def digest(self) -> str: ...

    def extract(self, patterns: Sequence[str], into: Path) -> None:
        """Write the files and directories that match `patterns` (globs) below `into`.

        Raises KernelError when that fails.
        """


@dataclass(frozen=True)
class NoCode:
    """The source of a kernel that has none at hand, with the reason."""

    reason: str
    digest: str = ""

    def extract(self, patterns: Sequence[str], into: Path) -> None:
        """Raises KernelError."""
        raise KernelError(self.reason)


@dataclass(frozen=True)
class KernelTree:
    """What building modules for `kernel` takes.

    key: changes with any of it. headers: for `make -C HEADERS M=DIR modules`, usable where it
    lies. compiler: the program that compiled the kernel.
    """

    kernel: "Kernel"
    key: str
    headers: Path
    source: KernelCode
    compiler: str = "gcc"


@dataclass(frozen=True, kw_only=True)
class Kernel(ABC):
    """A kernel that the lab can boot.

    spec: what `--kernel` calls it. version: its identity in provenance; counts of kernels with
    different versions are not compared. name: unique and fit for a file's name. release: what
    uname -r says. content: a digest of what boots and of the modules below KVM. vmlinuz: a
    bzImage or an ELF file. modules: the directory below which its modules lie.
    """

    spec: str
    version: str
    name: str
    release: str
    content: str
    vmlinuz: Path
    modules: Path

    @property
    def facts(self) -> dict[str, str]:
        """What provenance says of it beside its version and release, by metadata key."""
        return {}

    def module(self, name: str) -> Path:
        """The file of module `name`, compressed or not; dashes and underscores are the same.

        Raises KernelError when the kernel has no such module.
        """
        wanted = name.replace("-", "_")
        for path in sorted(self.modules.rglob("*.ko*")):
            if path.name.split(".ko")[0].replace("-", "_") == wanted:
                return path
        raise KernelError(f"the kernel {self.version} has no module {name}")

    @abstractmethod
    def tree(self, progress: Progress) -> KernelTree:
        """What building modules for it takes, fetched where it is missing. Raises KernelError."""
