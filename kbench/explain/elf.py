# SPDX-License-Identifier: MIT
"""The functions that an ELF file names: its symbol table, or the dynamic one of a stripped file."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from kbench.errors import KbenchError

# gABI, chapters 4 and 5: section types and flags, symbol types.
SYMTAB, DYNSYM, EXECINSTR = 2, 11, 4
NOTYPE, FUNC, GNU_IFUNC = 0, 2, 10
PLT = ".plt"
HEADERS, SECTION, SYMBOL = 0x28, "<IIQQQQIIQQ", "<IBBHQQ"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function: its section, its value (an offset into that in a .ko, else an address), bytes."""

    name: str
    section: str
    value: int
    size: int


def functions(data: bytes) -> list[Symbol]:
    """The functions and labels in executable sections of the ELF64 file `data`, and its PLTs.

    Raises KbenchError where it is damaged.
    """
    try:
        return list(_functions(data))
    except (struct.error, ValueError, IndexError) as error:
        raise KbenchError(f"a damaged ELF file: {error}") from None


def _functions(data: bytes) -> Iterator[Symbol]:
    (offset,) = struct.unpack_from("<Q", data, HEADERS)
    size, count, names = struct.unpack_from("<HHH", data, 0x3A)
    sections = [struct.unpack_from(SECTION, data, offset + n * size) for n in range(count)]

    def text(table: int, at: int) -> str:
        start = sections[table][4] + at
        return data[start : data.index(b"\0", start)].decode()

    titles = [text(names, section[0]) for section in sections]
    for title, (_, _, _, address, _, length, *_) in zip(titles, sections, strict=True):
        if title.startswith(PLT):
            yield Symbol(title, title, address, length)
    kinds = {section[1] for section in sections}
    wanted = SYMTAB if SYMTAB in kinds else DYNSYM
    for _, kind, _, _, start, length, strings, *_ in sections:
        if kind != wanted:
            continue
        table = data[start : start + length]
        for name, info, _, index, value, extent in struct.iter_unpack(SYMBOL, table):
            if not (name and 0 < index < count and info & 15 in (NOTYPE, FUNC, GNU_IFUNC)):
                continue
            _, _, flags, address, _, room, *_ = sections[index]
            if flags & EXECINSTR:
                # A label without a size ends with its section at the latest.
                extent = extent or address + room - value
                yield Symbol(text(strings, name), titles[index], value, extent)


def loaded_at(data: bytes, offset: int) -> int:
    """The address that the segment with this file offset has in the file, less the offset."""
    (headers,) = struct.unpack_from("<Q", data, 0x20)
    size, count = struct.unpack_from("<HH", data, 0x36)
    for n in range(count):
        kind, _, start, address, _, length = struct.unpack_from("<IIQQQQ", data, headers + n * size)
        if kind == 1 and start <= offset < start + length:
            return int(address - start)
    return 0
