# SPDX-License-Identifier: MIT
"""The executed instructions of a function: how often, what, and where its loops are."""

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kbench.explain.symbols import Function
from kbench.kernels import tools

OBJDUMP = ("objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "--no-show-raw-insn")
SECONDS = 60
# Code that is further apart is disassembled apart: a .cold part lies anywhere.
GAP = 4096
NOP = b"\x90"


@dataclass(frozen=True)
class Instruction:
    """An instruction that began `times`; `offset` is where it is in its function.

    loop: of a jump back, the offset that it jumps to; -1 of others.
    """

    address: int
    offset: int
    code: bytes
    times: int
    text: str = ""
    source: str = ""
    loop: int = -1


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

    offsets = {each.address: each.offset for each in listing.instructions}

    def told(each: Instruction) -> Instruction:
        text = texts.get(each.address, "?")
        found = re.fullmatch(r"(call|j\w+) 0x([0-9a-f]+)", text)
        if not found:
            return replace(each, text=text)
        what, target = found[1], int(found[2], 16)
        back = what != "call" and target <= each.address
        loop = offsets.get(target, -1) if back else -1
        return replace(each, text=f"{what} {name(target)}", loop=loop)

    return replace(listing, instructions=tuple(map(told, listing.instructions)))


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
