# SPDX-License-Identifier: MIT
"""What a compiled module calls between two stamps, read from its disassembly."""

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\t(\S+)\s*(.*)$")
TARGET = re.compile(r"^([0-9a-f]+) <")
ENDS = ("ret", "ud2", "hlt")


def objdump(module: Path) -> str:
    """The disassembly of `module`; skips the test where there is no objdump."""
    if not shutil.which("objdump"):
        pytest.skip("needs objdump (binutils)")
    command = ["objdump", "--disassemble", "--no-show-raw-insn", str(module)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def timed_calls(listing: str) -> dict[int, set[str]]:
    """By address of each end stamp (rdtscp), the calls on any path to it from a begin stamp.

    Paths are followed through jumps, because compilers reorder blocks. A path that leaves the
    loop, such as that of a failed ioctl, reaches no end stamp and does not count.
    """
    operations: dict[int, tuple[str, str]] = {}
    for line in listing.splitlines():
        if found := INSTRUCTION.match(line):
            operations[int(found[1], 16)] = (found[2], found[3])
    # The lines between two functions need no edge: a function ends in a jump or a ret.
    order = list(operations)
    after: dict[int, list[int]] = defaultdict(list)
    for address, following in zip(order, [*order[1:], None], strict=True):
        name, operand = operations[address]
        if name == "rdtscp" or name.startswith(ENDS):
            continue
        if name.startswith("j") and (target := TARGET.match(operand)):
            after[address].append(int(target[1], 16))
        if name != "jmp" and following is not None:
            after[address].append(following)
    before: dict[int, list[int]] = defaultdict(list)
    for address, nexts in after.items():
        for target_address in nexts:
            before[target_address].append(address)
    begins = [address for address, (name, _) in operations.items() if name == "rdtsc"]
    timed = _reach(begins, after, operations, "rdtscp")
    return {
        end: {
            operations[address][1]
            for address in _reach([end], before, operations, "rdtsc") & timed
            if operations[address][0].startswith("call")
        }
        for end in timed
        if operations[end][0] == "rdtscp"
    }


def _reach(
    starts: list[int],
    edges: dict[int, list[int]],
    operations: dict[int, tuple[str, str]],
    stop: str,
) -> set[int]:
    """All addresses that are reached from `starts`; instructions called `stop` end a path."""
    seen, queue = set(starts), list(starts)
    while queue:
        for address in edges[queue.pop()]:
            if address not in seen:
                seen.add(address)
                if operations.get(address, ("",))[0] != stop:
                    queue.append(address)
    return seen
