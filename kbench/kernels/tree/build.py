# SPDX-License-Identifier: MIT
"""Building sources into a kernel that the lab boots.

Each repository (or kernel of Debian's) and configuration has one build directory, in which a
step from one state to the next compiles what differs. The result is cached by the content of
the sources, the configuration and the compiler.
"""

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kbench import programs
from kbench.kernels import cache, config, debian, elf, files, packages, tools
from kbench.kernels.cache import Progress
from kbench.kernels.errors import BuildFailed, KernelError, NoSpace
from kbench.kernels.kernel import Kernel, KernelTree
from kbench.kernels.tree.code import BuildableCode, GitCode, PackagedCode
from kbench.kernels.tree.configure import BASES, configure, options
from kbench.kernels.tree.git import Repository

BUILD_SECONDS = 4 * 3600.0
# What would differ from one build to the next. The date is that of the lab's clock.
REPRODUCIBLE = {
    "KBUILD_BUILD_USER": "kbench",
    "KBUILD_BUILD_HOST": "lab",
    "KBUILD_BUILD_VERSION": "1",
    "KBUILD_BUILD_TIMESTAMP": "Mon Sep 18 13:28:22 UTC 2023",
}
# arch/x86/platform/pvh/enlighten.c runs, and calls memcmp(), before there are KASAN's shadow memory
# and the addresses at which KCSAN keeps its state.
UNSANITIZED = (
    *("KASAN_SANITIZE_enlighten.o=n", "KCSAN_SANITIZE_enlighten.o=n"),
    "KCSAN_SANITIZE_string.o=n",
)
# What a compiler says of the machine: no fault of the sources.
FULL_DISK = os.strerror(errno.ENOSPC)
# A shell's echo says "I/O error" of a full disk. Its last file, vmlinux, make(1) has removed then.
SPARE_BYTES = 256 << 20
IO_ERROR = "I/O error"
OUT_OF_MEMORY = re.compile(r"Killed signal terminated program|virtual memory exhausted")
KIND = "kernel-tree"
RELEASE, CONFIG, VMLINUX, MODULES = "release", "config", "vmlinux", "modules"


@dataclass(frozen=True, kw_only=True)
class TreeKernel(Kernel):
    """A kernel that kbench has built of `source`; `base` is its configuration's."""

    source: BuildableCode
    base: str
    compiler: str

    @property
    def facts(self) -> dict[str, str]:
        """The sources, the base of the configuration and the compiler."""
        return {
            **self.source.facts,
            "kbench_kernel_base": self.base,
            "kbench_kernel_compiler": self.compiler,
        }

    def tree(self, progress: Progress) -> KernelTree:
        """Its build directory, with these sources in it."""
        with _building(self.source, self.base, progress) as (source, out, lock):
            _make(source, out, ("vmlinux", "modules"), lock)
        key = f"{self.name}-{cache.digest(self.source.digest, self.content)}"
        return KernelTree(kernel=self, key=key, headers=out, source=self.source)


def kernel(words: str, progress: Progress) -> TreeKernel:
    """The kernel DIR[@REF][,BASE]: REF is HEAD without one, BASE "distribution".

    Raises ProgramsMissing, and KernelError when there is no such commit, when it cannot be
    configured for the lab or does not build.
    """
    place, _, base = words.partition(",")
    directory, _, ref = place.partition("@")
    repository = Repository(Path(directory))
    source = GitCode(repository, repository.commit(ref or "HEAD"))
    return build(source, base or "distribution", progress)


def packaged(name: str, base: str, progress: Progress) -> TreeKernel:
    """The kernel `name` of Debian's, built of its source on `base`. Raises as kernel()."""
    programs.require("tree")
    return build(_package(name, progress), base, progress)


def has_packaged(name: str, base: str) -> bool:
    """Whether packaged() finds the kernel in the cache. Fetches and builds nothing."""
    release = debian.recorded(name)
    if release is None or not packages.buildable(release) or not shutil.which("gcc"):
        return False
    return (cache.root() / KIND / _key(_package(name, print), base, print)).is_dir()


def _package(name: str, progress: Progress) -> PackagedCode:
    kernel = packages.kernel(name, progress)
    return PackagedCode(kernel, kernel.code(progress))


def _key(source: BuildableCode, base: str, progress: Progress) -> str:
    """What names the built kernel in the cache."""
    parts = (source.digest, config.text(options(base, progress)), compiler())
    return f"{base}-{cache.digest(*parts)}"


def build(source: BuildableCode, base: str, progress: Progress) -> TreeKernel:
    """The kernel of `source`, built where the cache has none of equal sources."""
    programs.require("tree")

    def fill(work: Path) -> None:
        with _building(source, base, progress) as (below, out, lock):
            _make(below, out, ("vmlinux", "modules"), lock)
            _collect(out, work)

    place = cache.entry(KIND, _key(source, base, progress), fill, progress)
    release = (place / RELEASE).read_text()
    rough = TreeKernel(
        spec=f"{source.spec},{base}",
        version=release,
        name=release,
        release=release,
        content="",
        vmlinuz=place / VMLINUX,
        modules=place / MODULES,
        source=source,
        base=base,
        compiler=compiler(),
    )
    content = files.digest(rough)
    version = f"{release}-{base}-{content[:8]}"
    return replace(rough, version=version, name=version, content=content)


def compiler() -> str:
    """The first line of `gcc --version`."""
    return tools.run(["gcc", "--version"], 60).splitlines()[0]


@contextmanager
def _building(
    code: BuildableCode, base: str, progress: Progress
) -> Iterator[tuple[Path, Path, int]]:
    """The directory of the sources, the configured build directory, the descriptor of its lock."""
    chosen = options(base, progress)
    top = cache.root() / "trees" / cache.digest(code.of)
    written = config.text(chosen)
    with cache.lock(f"tree-{top.name}"), cache.exclusive(top) as lock:
        source, out = top / "source", top / f"build-{base}-{cache.digest(written, compiler())}"
        if not (out / "vmlinux").exists():
            megabytes, seconds = BASES[base]
            cache.require_space(top, megabytes << 20)
            time = f"{_time(seconds)} and " if seconds else ""
            progress(f"the first {base} kernel of this tree takes {time}{megabytes} MB in {top}")
        progress(f"building {code.name} of {code.of} ({base})")
        code.check_out(source)
        out.mkdir(exist_ok=True)
        fragment = out / "kbench.config"
        if not (out / ".config").exists() or fragment.read_text() != written:
            configure(out, base, chosen, lambda *words: _make(source, out, words, lock), code.name)
        yield source, out, lock


def _time(seconds: int) -> str:
    """So many CPU seconds of a build in words."""
    minutes = seconds / 60 / len(os.sched_getaffinity(0))
    return f"{seconds} s of CPU time (about {minutes:.0f} minutes here)"


def _make(source: Path, out: Path, words: Sequence[str], lock: int) -> str:
    """Run make(1) as gently as a build beside other work should."""
    jobs = len(os.sched_getaffinity(0))
    command = ["nice", "-n", "5", "make", f"-j{jobs}", "-s", "-C", str(source), f"O={out}"]
    command += [
        "LOCALVERSION=",
        *UNSANITIZED,
        *(("CC=ccache gcc",) if shutil.which("ccache") else ()),
        *words,
    ]
    try:
        return tools.run(
            command, BUILD_SECONDS, what="the kernel does not build",
            environment=REPRODUCIBLE, held=(lock,), error=BuildFailed,
        )  # fmt: skip
    except BuildFailed as error:
        # What a shell makes of a write that the disk refuses.
        full = IO_ERROR in error.output and (_is_full(out) or _is_full(tempfile.gettempdir()))
        if FULL_DISK in error.output or full:
            raise NoSpace(f"no space left to build in {out}, or for temporary files") from error
        if OUT_OF_MEMORY.search(error.output):
            raise KernelError("the machine has no memory left for the compiler") from error
        raise


def _is_full(place: Path | str) -> bool:
    return shutil.disk_usage(place).free < SPARE_BYTES


def _collect(out: Path, into: Path) -> None:
    """What the lab takes of a build, and what names it."""
    shutil.copyfile(out / "vmlinux", into / VMLINUX)
    shutil.copyfile(out / ".config", into / CONFIG)
    shutil.copyfile(out / "System.map", into / "System.map")
    (into / RELEASE).write_text((out / "include/config/kernel.release").read_text().strip())
    (into / MODULES).mkdir()
    for path in (out / "modules.order").read_text().split():
        module = (out / path).with_suffix(".ko")
        data = elf.stripped(module.read_bytes(), "--strip-debug")
        (into / MODULES / module.name).write_bytes(data)
