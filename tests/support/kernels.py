# SPDX-License-Identifier: MIT
"""A kernel that nobody boots."""

import os
import subprocess
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


# The targets of a kernel's Makefile that kbench uses, on files of a few bytes. What the
# kernel is made of is in core.c, KVM in kvm.c; "broken" in either is a compiler's error.
MAKEFILE = """\
out := $(O)
allnoconfig:
	cat $(KCONFIG_ALLCONFIG) > $(out)/.config
	if [ -e lacking ]; then grep -v "^$$(cat lacking)=" $(KCONFIG_ALLCONFIG) > $(out)/.config; fi
vmlinux: core.c
	@if grep -h broken core.c kvm.c | sed 's/^/core.c:1:1: error: /' | grep . >&2; then exit 1; fi
	@echo built >> $(out)/builds
	@mkdir -p $(out)/include/config
	@printf 6.13.0 > $(out)/include/config/kernel.release
	@{ printf '\\177ELF\\002'; cat core.c; } > $(out)/vmlinux
	@touch $(out)/System.map
modules: vmlinux kvm.c
	@printf '\\000depends=\\000' > $(out)/irqbypass.ko
	@{ printf '\\000depends=irqbypass\\000'; cat kvm.c; } > $(out)/kvm.ko
	@printf '\\000depends=kvm\\000' > $(out)/kvm-amd.ko
	@echo irqbypass.o kvm.o kvm-amd.o > $(out)/modules.order
"""


class GitTree:
    """A git tree that builds as a kernel does, with a commit for each call of commit()."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.commits = 0
        place.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit(Makefile=MAKEFILE, **{"core.c": "0", "kvm.c": "0"})

    def commit(self, **files: str) -> str:
        """Write `files`, commit them, and return the commit's hash."""
        for name, text in files.items():
            (self.place / name).write_text(text)
        self.commits += 1
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", " ".join(files.values())[:30])
        return self.git("rev-parse", "HEAD")

    def git(self, *words: str) -> str:
        return git(self.place, self.commits, *words)


def git(place: Path, day: int, *words: str) -> str:
    """What git says to `words` in `place`; what it commits is committed on `day`."""
    name = ("-c", "user.name=x", "-c", "user.email=x@y", "-c", "commit.gpgsign=false")
    when = f"{1_700_000_000 + 86400 * day} +0000"
    dates = {"GIT_COMMITTER_DATE": when, "GIT_AUTHOR_DATE": when}
    done = subprocess.run(
        ["git", *name, *words], cwd=place, check=True, capture_output=True, text=True,
        env={**os.environ, **dates},
    )  # fmt: skip
    return done.stdout.strip()
