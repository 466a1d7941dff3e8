# SPDX-License-Identifier: MIT
"""The executed instructions of a function: how often, what, and from which line of source."""

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kbench.explain.symbols import KERNEL, Function
from kbench.kernels import tools
from kbench.kernels.errors import KernelError

OBJDUMP = ("objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "--no-show-raw-insn")
SECONDS = 60
# Code that is further apart is disassembled apart: a .cold part lies anywhere.
GAP = 4096
NOP = b"\x90"
# Where Debian's -dbg packages put what belongs to the kernel RELEASE.
DEBUG = Path("/usr/lib/debug")


@dataclass(frozen=True)
class Instruction:
    """An instruction that began `times`; `offset` is where it is in its function."""

    address: int
    offset: int
    code: bytes
    times: int
    text: str = ""
    source: str = ""


@dataclass(frozen=True)
class Listing:
    """What an event executed of `function`, in the order of addresses."""

    function: Function
    instructions: tuple[Instruction, ...]

    @property
    def count(self) -> int:
        """The instructions that began."""
        return sum(each.times for each in self.instructions)


def disassembled(listing: Listing, name: Callable[[int], str]) -> Listing:
    """The listing with the text of each instruction.

    `name` says what lies at an address that is called or jumped to. Raises KernelError where
    objdump is not installed.
    """
    texts: dict[int, str] = {}
    for stretch in _stretches(listing.instructions):
        texts |= _objdump(stretch)

    def named(text: str) -> str:
        found = re.fullmatch(r"((?:call|j\w+) )0x([0-9a-f]+)", text)
        return f"{found[1]}{name(int(found[2], 16))}" if found else text

    return replace(
        listing,
        instructions=tuple(
            replace(each, text=named(texts.get(each.address, "?"))) for each in listing.instructions
        ),
    )


def sourced(listing: Listing, release: str) -> Listing:
    """The listing with file and line of each instruction, where debug information is at hand.

    That is a vmlinux of the kernel `release`, which has its own addresses; modules' are not
    told apart by section there, so theirs are not looked up.
    """
    places = (DEBUG / f"boot/vmlinux-{release}", DEBUG / f"lib/modules/{release}/vmlinux")
    file = next((path for path in places if path.exists()), None)
    if file is None or listing.function.module != KERNEL:
        return listing
    return lines_of(listing, file)


def lines_of(listing: Listing, file: Path) -> Listing:
    """The listing with the lines that the debug information of `file` has for its addresses."""
    wanted = [f"{each.address:#x}" for each in listing.instructions]
    try:
        output = tools.run(["addr2line", "-e", file, *wanted], SECONDS)
    except KernelError:
        return listing
    lines = [line.split(" (")[0] for line in output.splitlines()]
    return replace(
        listing,
        instructions=tuple(
            replace(each, source="" if line.startswith("??") else line)
            for each, line in zip(listing.instructions, lines, strict=True)
        ),
    )


def _stretches(instructions: Sequence[Instruction]) -> list[list[Instruction]]:
    found: list[list[Instruction]] = []
    for each in instructions:
        if found and each.address - found[-1][-1].address < GAP:
            found[-1].append(each)
        else:
            found.append([each])
    return found


def _objdump(stretch: Sequence[Instruction]) -> dict[int, str]:
    """By address, what objdump says; what was not executed is NOPs, which keep it in step."""
    start = stretch[0].address
    code = b""
    for each in stretch:
        code += NOP * (each.address - start - len(code)) + each.code
    with tempfile.NamedTemporaryFile(prefix="kbench-code-") as file:
        file.write(code)
        file.flush()
        command = [*OBJDUMP, f"--adjust-vma={start:#x}", file.name]
        output = tools.run(command, SECONDS, what="cannot disassemble")
    lines = re.findall(r"^\s*([0-9a-f]+):\t(.*)$", output, re.MULTILINE)
    return {int(at, 16): " ".join(text.split("#")[0].split()) for at, text in lines}
