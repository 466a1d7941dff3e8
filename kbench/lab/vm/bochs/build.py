# SPDX-License-Identifier: MIT
"""Bochs, built once from Debian's source package with the lab's library (ext/lab/bochs).

Debian's own binaries have the debugger, plugins and a display compiled in, which makes them
slow, and no library of ours. Nothing is installed: the program stays in the cache.
"""

import os
import tempfile
from importlib import resources
from pathlib import Path

from kbench import programs
from kbench.kernels import apt, cache, elf, tools
from kbench.kernels.cache import Progress, silent
from kbench.lab.errors import EmulatorUnavailable
from kbench.lab.vm.bochs import edits
from kbench.programs import ProgramsMissing

# Upstream's release as Debian 13 has it: 2.7 of Debian 12 has no monitor trap flag.
RELEASE = "3.0+dfsg"
SOURCE = f"pool/main/b/bochs/bochs_{RELEASE}.orig.tar.xz"
SHA256 = "78f6c73d4a6472d5130a87ab9dc306d02c7c71ed8e25b3a8ef642e2a7acd282b"
LIBRARY = "instrument/kbench"
CONFIGURE = (
    # The CPU that is emulated. AVX without EVEX does not compile in this release.
    *("--enable-cpu-level=6", "--enable-x86-64", "--enable-vmx=2", "--enable-avx", "--enable-evex"),
    # Types of memory: MONITOR arms on write-back memory alone.
    *("--enable-memtype", "--enable-pci"),
    # Chains of decoded instructions and the like: several times as fast.
    "--enable-all-optimizations",
    # What would be asked at every instruction, or at every access to RAM.
    *("--disable-debugger", "--disable-debugger-gui", "--disable-large-ramfile"),
    # Devices that the lab does not have.
    *("--disable-plugins", "--disable-usb", "--disable-sb16", "--disable-es1370"),
    *("--disable-ne2000", "--disable-e1000", "--disable-voodoo", "--disable-clgd54xx"),
    *("--disable-docbook", "--with-nogui", f"--enable-instrumentation={LIBRARY}"),
)
FLAGS = {"CFLAGS": "-O2", "CXXFLAGS": "-O2"}
UNPACK_SECONDS, CONFIGURE_SECONDS, BUILD_SECONDS = 120, 600, 3600
BUILD_BYTES = 500 << 20


def version() -> str:
    """Bochs' release, and a digest of all that its program is made of but the compiler."""
    parts = (part for item in sorted(_library().items()) for part in item)
    made_of = cache.digest(SHA256, *CONFIGURE, *FLAGS.values(), edits.digest(), *parts)
    return f"{RELEASE} {made_of}"


def groups() -> tuple[str, ...]:
    """The groups of programs.toml that are needed: those of the build only before it."""
    there = (cache.root() / "bochs" / _key()).is_dir()
    return ("bochs",) if there else ("bochs", "bochs-build")


def obstacle() -> str:
    """Why there can be no lab here, "" where Bochs is built or can be."""
    try:
        programs.require(*groups())
    except ProgramsMissing as error:
        return str(error)
    return ""


def program(progress: Progress = silent) -> Path:
    """The executable, built where it is missing.

    Raises ProgramsMissing, PackageUnavailable, and EmulatorUnavailable where it does not build.
    """

    def build(work: Path) -> None:
        programs.require(*groups())
        cache.require_space(work, BUILD_BYTES)
        with tempfile.TemporaryDirectory(prefix="build-", dir=work) as scratch:
            _build(Path(scratch), progress)
            made = Path(scratch, "bochs").read_bytes()
        (work / "bochs").write_bytes(elf.stripped(made, "--strip-all"))
        (work / "bochs").chmod(0o755)

    return cache.entry("bochs", _key(), build, progress) / "bochs"


def _key() -> str:
    return version().replace(" ", "-")


def _build(place: Path, progress: Progress) -> None:
    """Leave the program in `place`."""
    progress(f"fetching the source of Bochs {RELEASE} (4 MB)")
    archive = place / "bochs.tar.xz"
    apt.download_file(SOURCE, SHA256, archive)
    unpack = ["tar", "--extract", "--xz", "--strip-components=1"]
    unpack += [f"--file={archive}", f"--directory={place}"]
    error = EmulatorUnavailable
    tools.run(unpack, UNPACK_SECONDS, what="cannot extract Bochs", error=error)
    edits.apply(place, LIBRARY)
    for name, content in _library().items():
        (place / LIBRARY / name).write_bytes(content)
    progress("building Bochs, once: about two minutes of CPU time")
    failed = "Bochs does not build"
    command = ["./configure", *CONFIGURE]
    tools.run(command, CONFIGURE_SECONDS, what=failed, cwd=place, environment=FLAGS, error=error)
    jobs = len(os.sched_getaffinity(0))
    tools.run(["make", f"-j{jobs}", "bochs"], BUILD_SECONDS, what=failed, cwd=place, error=error)


def _library() -> dict[str, bytes]:
    """The files of ext/lab/bochs, by name."""
    folder = resources.files("kbench") / "_bochs"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
