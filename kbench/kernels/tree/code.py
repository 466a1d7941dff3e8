# SPDX-License-Identifier: MIT
"""What a kernel is built from: a commit of a git tree, or the source package of Debian's."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kbench.kernels.kernel import KernelCode
from kbench.kernels.packages import DebianKernel, Tarball
from kbench.kernels.tree.git import Commit, Repository

# Holds the digest of the sources that were extracted beside it, once all of them were.
EXTRACTED = ".kbench-source"


class BuildableCode(KernelCode, Protocol):
    """One state of a kernel's sources.

    of: what the states have in common that are built in the same directory. name: what people
    call this one. spec: what `--kernel` calls it, without a base.
    """

    @property
    def of(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def spec(self) -> str: ...

    @property
    def facts(self) -> dict[str, str]:
        """What provenance says of it, by metadata key."""

    def check_out(self, place: Path) -> None:
        """Make `place` hold exactly these sources. Raises KernelError."""


@dataclass(frozen=True)
class GitCode:
    """A commit of a user's git tree."""

    repository: Repository
    commit: Commit

    @property
    def of(self) -> str:
        """The repository."""
        return str(self.repository.path)

    @property
    def name(self) -> str:
        """The commit's."""
        return self.commit.name

    @property
    def spec(self) -> str:
        """DIR@REF."""
        return f"tree:{self.repository.path}@{self.commit.name}"

    @property
    def digest(self) -> str:
        """Git's hash of the content."""
        return self.commit.tree

    @property
    def facts(self) -> dict[str, str]:
        """The commit."""
        return {"kbench_kernel_commit": self.commit.name}

    def check_out(self, place: Path) -> None:
        """As Repository.check_out()."""
        self.repository.check_out(self.commit, place)

    def extract(self, patterns: Sequence[str], into: Path) -> None:
        """Write what matches `patterns` below `into`. Raises KernelError."""
        self.repository.archive(self.commit, patterns, into)


@dataclass(frozen=True)
class PackagedCode:
    """Debian's linux-source of `kernel`."""

    kernel: DebianKernel
    code: Tarball

    @property
    def of(self) -> str:
        """The kernel, whatever its version."""
        return self.kernel.spec

    @property
    def name(self) -> str:
        """The package's version."""
        return self.kernel.version

    @property
    def spec(self) -> str:
        """The kernel's."""
        return self.kernel.spec

    @property
    def digest(self) -> str:
        """The package's."""
        return self.code.digest

    @property
    def facts(self) -> dict[str, str]:
        """The package's version."""
        return {"kbench_kernel_source": self.kernel.version}

    def check_out(self, place: Path) -> None:
        """Extract the tarball, where `place` does not hold it already."""
        marker = place / EXTRACTED
        if marker.is_file() and marker.read_text() == self.digest:
            return
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        self.code.extract_all(place)
        marker.write_text(self.digest)

    def extract(self, patterns: Sequence[str], into: Path) -> None:
        """Write what matches `patterns` below `into`. Raises KernelError."""
        self.code.extract(patterns, into)
