# SPDX-License-Identifier: MIT
"""The selftests of ext/kvm/upstream/: in the style of the kernel's own, for stock KVM.

They are built against the selftest library of the kernel's source, of which nothing is kept
but in the cache, and linked statically: the lab has no C compiler's libraries.
"""

from pathlib import Path

from kbench.kernels import cache, tools
from kbench.kernels.cache import Progress
from kbench.kernels.kernel import KernelCode
from kbench.kmod import variants

LIBRARY = Path("tools/testing/selftests/kvm")
PARTS = (
    *("tools/include", "tools/arch/x86/include", str(LIBRARY)),
    *("tools/testing/selftests/rseq", "tools/testing/selftests/*.h", "tools/lib/rbtree.c"),
)
INCLUDED = (
    *("tools/include", "tools/arch/x86/include", f"{LIBRARY}/include"),
    *(f"{LIBRARY}/include/x86_64", "tools/testing/selftests", "tools/testing/selftests/rseq"),
)
# As the library's Makefile has them, of what it depends on.
FLAGS = (
    *("-O2", "-std=gnu99", "-U_FORTIFY_SOURCE", "-fno-stack-protector", "-fno-PIE"),
    *("-no-pie", "-static", "-pthread"),
)
# memcmp() and its like, which the compiler would make calls of themselves of.
FREESTANDING = "string_override"
COMPILE_SECONDS = 300


def sources() -> list[Path]:
    """The C files of the selftests."""
    return sorted((variants.directory() / "upstream").glob("*_test.c"))


def build(source: Path, code: KernelCode, progress: Progress) -> Path:
    """The program of the selftest `source`, linked to the library in `code`.

    Raises KernelError when the library cannot be extracted or does not build.
    """

    def make(work: Path) -> None:
        progress(f"building {source.stem}")
        below = _library(code, progress)
        lib = below / LIBRARY / "lib"
        include = [f"-I{below / name}" for name in INCLUDED]
        override = work / f"{FREESTANDING}.o"
        compiler: list[str | Path] = ["gcc", *FLAGS, *include]
        own: list[str | Path] = [lib / f"{FREESTANDING}.c", "-ffreestanding", "-c", "-o", override]
        tools.run([*compiler, *own], COMPILE_SECONDS)
        parts = [*lib.glob("*.c"), *lib.glob("x86_64/*.[cS]")]
        parts = sorted(path for path in parts if path.stem != FREESTANDING)
        program: list[str | Path] = [source, *parts, override, "-o", work / source.stem]
        tools.run([*compiler, *program], COMPILE_SECONDS, what=f"{source.name} does not build")
        override.unlink()

    key = cache.digest(code.digest, source.read_bytes(), *FLAGS, *INCLUDED)
    return cache.entry("kvm-selftest", f"{source.stem}-{key}", make, progress) / source.stem


def _library(code: KernelCode, progress: Progress) -> Path:
    def extract(work: Path) -> None:
        progress("extracting KVM's selftest library")
        code.extract(PARTS, work)

    return cache.entry("kernel-selftests", cache.digest(code.digest, *PARTS), extract, progress)
