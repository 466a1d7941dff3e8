# SPDX-License-Identifier: MIT
"""Lines of source for executed instructions, where debug information of the same code is at hand.

That is a vmlinux or a module of the kernel itself, where its user built it with debug
information, or what a distribution's debug package has of its release below /usr/lib/debug.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from kbench.explain import elf
from kbench.explain.listing import Listing
from kbench.explain.symbols import KERNEL, Content, Function, Symbols, plain
from kbench.kernels import tools
from kbench.kernels.errors import KernelError
from kbench.kernels.kernel import Kernel

# Where Debian's -dbg packages put what belongs to the kernel RELEASE.
DEBUG = Path("/usr/lib/debug")
LINES = b".debug_line\0"  # among the names of sections
SECONDS = 60
Place = tuple[str, int]
"""A section of a module, and an offset in it; of a vmlinux "", and an address."""


def sourced(listing: Listing, symbols: Symbols, kernel: Kernel, content: Content) -> Listing:
    """The listing with file and line of each instruction; as it is where nothing tells them.

    content: of the modules that the lab has loaded, as for Symbols.
    """
    function, found = listing.function, listing.instructions
    with suppress(OSError, KernelError):
        if function.module == KERNEL:
            starts = {each.address - each.offset for each in found}
            for data in _vmlinux(kernel):
                if starts <= {symbol.value for symbol in _named(data, function)}:
                    return lines_of(listing, [("", each.address) for each in found], data)
        elif loaded := content(f"{function.module}.ko"):
            places = [symbols.section(each.address) for each in found]
            for data in _modules(kernel, function.module, loaded):
                # Another build of the same release has its functions elsewhere.
                if _named(data, function) == _named(loaded, function):
                    return lines_of(listing, places, data)
    return listing


def lines_of(listing: Listing, places: Sequence[Place], data: bytes) -> Listing:
    """The listing with the lines that the ELF file `data` has for the places.

    Raises KernelError where addr2line is not installed or cannot read it.
    """
    lines: dict[Place, str] = {}
    with tempfile.NamedTemporaryFile(prefix="kbench-debug-") as file:
        file.write(data)
        file.flush()
        for section in dict.fromkeys(section for section, _ in places):
            inside = [place for place in places if place[0] == section]
            within = ["-j", section] if section else []
            command = ["addr2line", *within, "-e", file.name, *(f"{at:#x}" for _, at in inside)]
            said = [line.split(" (")[0] for line in tools.run(command, SECONDS).splitlines()]
            lines |= zip(inside, said, strict=True)
    texts = ("" if lines[place].startswith("??") else lines[place] for place in places)
    both = zip(listing.instructions, texts, strict=True)
    return replace(listing, instructions=tuple(replace(each, source=text) for each, text in both))


def _named(data: bytes, function: Function) -> set[elf.Symbol]:
    """What an ELF file has of a function: it, and the parts that are moved out of its way."""
    return {symbol for symbol in elf.functions(data) if plain(symbol.name) == function.name}


def _vmlinux(kernel: Kernel) -> Iterator[bytes]:
    """What may have debug information of the kernel's own functions."""
    release = kernel.release
    for path in (
        kernel.vmlinuz,
        kernel.modules.parent / "build/vmlinux",
        DEBUG / f"boot/vmlinux-{release}",
        DEBUG / f"lib/modules/{release}/vmlinux",
    ):
        if path.is_file() and LINES in (data := path.read_bytes()) and data.startswith(b"\x7fELF"):
            yield data


def _modules(kernel: Kernel, name: str, loaded: bytes) -> Iterator[bytes]:
    """What may have debug information of a module: it, and a debug package's."""
    if LINES in loaded:
        yield loaded
    for path in sorted((DEBUG / "lib/modules" / kernel.release).rglob("*.ko*")):
        if path.name.split(".ko")[0].replace("-", "_") == name:
            yield path.read_bytes()
