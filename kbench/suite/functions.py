# SPDX-License-Identifier: MIT
"""The functions of a benchmark's typical event, packed into a string of its run's metadata.

A line for each, "INSTRUCTIONS MODULE NAME", most instructions first; zlib, then base64: some
2 kB. What is read is bounded, as a suite may be anybody's.
"""

import base64
import binascii
import zlib
from collections.abc import Mapping

from kbench.errors import KbenchError

KEY = "kbench_functions"
LARGEST = 1 << 20  # bytes unpacked: some 20,000 functions
Functions = dict[tuple[str, str], int]
"""(name, module) -> instructions of the function itself."""


def pack(functions: Mapping[tuple[str, str], int]) -> str:
    """The string that unpack() reads."""
    ranked = sorted(functions.items(), key=lambda item: (-item[1], item[0]))
    lines = [f"{own} {module or '-'} {name}\n" for (name, module), own in ranked]
    return base64.b64encode(zlib.compress("".join(lines).encode(), 9)).decode()


def unpack(text: str) -> Functions:
    """The functions that `text` holds. Raises KbenchError where it is damaged."""
    try:
        reader = zlib.decompressobj()
        data = reader.decompress(base64.b64decode(text, validate=True), LARGEST)
        if reader.unconsumed_tail or not reader.eof:
            raise KbenchError(f"{KEY} is too long or cut off")
        return dict(map(_function, data.decode().splitlines()))
    except (binascii.Error, zlib.error, ValueError) as error:
        raise KbenchError(f"{KEY} is damaged: {error}") from None


def _function(line: str) -> tuple[tuple[str, str], int]:
    own, module, name = line.split(" ", 2)
    if not (name.isprintable() and module.isprintable() and own.isdecimal()):
        raise ValueError("a line is no function")
    return (name, "" if module == "-" else module), int(own)
