# SPDX-License-Identifier: MIT
"""Addresses to functions: of the kernel, its modules, and the files that the process maps."""

import bisect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from kbench.explain import elf

KERNEL = "kernel"
# arch/x86/include/asm/pgtable_64_types.h: modules begin here, behind all code of the kernel.
MODULES = 0xFFFFFFFFC0000000
USER_END = 1 << 47
# What a compiler moves out of a function's way is still that function.
COLD = re.compile(r"\.cold(\.\d+)?$")
# Labels inside entry_SYSCALL_64 (arch/x86/entry/entry_64.S).
SYSCALL_LABEL = re.compile(r"entry_SYSCALL_64_\w+|entry_SYSRETQ\w*|syscall_return_via_sysret")
# Cython's names: __pyx_pw_, package and module each after its length, a number, the name.
CYTHON = re.compile(r"__pyx_(?:pw|pf|f)_(.*)")
Content = Callable[[str], bytes | None]


class Function(NamedTuple):
    """A function and what it is part of: "kernel", a module, or a file that is mapped."""

    name: str
    module: str


class FunctionRow(NamedTuple):
    """The addresses of a function; `end` is 0 where its size is not known."""

    start: int
    end: int
    function: Function


class FunctionTable:
    """Functions by address."""

    def __init__(self, rows: Iterable[FunctionRow]) -> None:
        # Of several names at one address the last counts: one with a size, then the entry of a
        # system call (of its names the one that is called), then the shortest.
        order = sorted(
            rows,
            key=lambda row: (
                row.start, row.end > 0, row.function.name.startswith("__x64_sys_"),
                -len(row.function.name), row.function.name,
            ),
        )  # fmt: skip
        self._rows = list({row.start: row for row in order}.values())
        self._starts = [row.start for row in self._rows]

    def at(self, address: int) -> tuple[Function, int] | None:
        """The function at `address` and the offset in it; None where nothing is named."""
        for index in range(bisect.bisect_right(self._starts, address) - 1, -1, -1):
            row = self._rows[index]
            if not row.end or address < row.end:
                return row.function, address - row.start
        return None


class Symbols:
    """What lies where in a lab: `texts` as places.found() has them.

    content: the ELF file of a module ("kvm_amd.ko") or of a file that is mapped, by its path
    in the lab; None where there is none.
    """

    def __init__(self, texts: Mapping[str, str], content: Content) -> None:
        self._kernel = FunctionTable(
            [*_kernel(texts["kallsyms"]), *_modules(texts["sections"], content)]
        )
        self._content = content
        self._sections = sorted(
            (int(address, 16), section)
            for _, section, address in map(str.split, texts["sections"].splitlines())
        )
        self._mapped = [
            (int(low, 16), int(high, 16), int(offset, 16), path)
            for low, high, offset, path in re.findall(
                r"^(\w+)-(\w+) r-xp (\w+) \S+ \d+ +(\S+)$", texts["maps"], re.MULTILINE
            )
        ]
        self.at = cache(self._at)
        self._file = cache(self._table_of)

    def _at(self, address: int) -> tuple[Function, int]:
        """The function at `address` and the offset in it; an unnamed one is "?" of its module."""
        if address >= USER_END:
            return self._kernel.at(address) or (Function("?", KERNEL), 0)
        for low, high, offset, path in self._mapped:
            if low <= address < high:
                unnamed = Function("?", short(path)), address - low
                return self._file(path, offset).at(address - low + offset) or unnamed
        return Function("?", "?"), 0

    def section(self, address: int) -> tuple[str, int]:
        """The section that lies at an address of a module, and the offset in it."""
        start, name = self._sections[bisect.bisect(self._sections, (address, "\x7f")) - 1]
        return name, address - start

    def path(self, address: int) -> str:
        """The file that is mapped at a user address; empty where none is."""
        return next((path for low, high, _, path in self._mapped if low <= address < high), "")

    def _table_of(self, path: str, offset: int) -> FunctionTable:
        """The functions of a mapped file, by offset in it."""
        data = self._content(path)
        if data is None:
            return FunctionTable([])
        before = elf.loaded_at(data, offset)
        return FunctionTable(
            _row(each.value - before, each.size, each.name, short(path))
            for each in elf.functions(data)
        )


def short(path: str) -> str:
    """What a mapped file is called in a tree: "libc" of "/lib/libc.so.6"."""
    return path.rpartition("/")[2].partition(".")[0]


def plain(name: str) -> str:
    """A symbol's name as its source has it; clones of a function keep what tells them apart."""
    found = CYTHON.match(name)
    if SYSCALL_LABEL.fullmatch(name):
        return "entry_SYSCALL_64"
    if found is None:
        return COLD.sub("", name)
    rest = found[1]
    while parts := re.match(r"(\d+)(.*)", rest):
        length, rest = int(parts[1]), parts[2]
        if rest[length : length + 1] != "_":
            break
        rest = rest[length + 1 :]
    return rest


def _row(start: int, size: int, name: str, module: str) -> FunctionRow:
    return FunctionRow(start, start + size if size else 0, Function(plain(name), module))


def _kernel(kallsyms: str) -> Iterator[FunctionRow]:
    """The kernel's own functions, and a row behind the last of them."""
    for line in kallsyms.splitlines():
        address, _, name = line.split()
        yield _row(int(address, 16), 0, name, KERNEL)
    yield _row(MODULES, 0, "?", "module")


def _modules(sections: str, content: Content) -> Iterator[FunctionRow]:
    places: dict[str, dict[str, int]] = {}
    for line in sections.splitlines():
        module, section, address = line.split()
        places.setdefault(module, {})[section] = int(address, 16)
    for module, where in places.items():
        data = content(f"{module}.ko")
        for each in elf.functions(data) if data else ():
            # What has run once, at loading, may lie where others lie now.
            if each.section in where and not each.section.startswith((".init", ".exit")):
                yield _row(where[each.section] + each.value, each.size, each.name, module)
