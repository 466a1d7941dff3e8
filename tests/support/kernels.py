# SPDX-License-Identifier: MIT
"""A kernel that nobody boots."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kbench.kernels.cache import Progress
from kbench.kernels.kernel import Kernel, KernelTree


@dataclass(frozen=True, kw_only=True)
class FakeKernel(Kernel):
    spec: str = "debian:6.1"
    version: str = "6.1.2-1"
    name: str = "6.1.0-2-amd64"
    release: str = "6.1.0-2-amd64"
    content: str = "0" * 64
    vmlinuz: Path = Path("/nowhere/vmlinuz")
    modules: Path = Path("/nowhere/modules")

    def tree(self, progress: Progress) -> KernelTree:
        return KernelTree(
            kernel=self, key="6.1.2-1-key", headers=Path("/nowhere/headers"), source=FakeSource()
        )


class FakeSource:
    digest = "0" * 64

    def extract(self, patterns: Sequence[str], into: Path) -> None: ...
