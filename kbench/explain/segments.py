# SPDX-License-Identifier: MIT
"""A trace cut into segments: instructions in a row in one function, up to one that may leave it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kbench.explain.insns import Flow, flow, opcode
from kbench.explain.listing import Instruction, Listing
from kbench.explain.symbols import Function, Symbols
from kbench.explain.trace import Trace

if TYPE_CHECKING:
    from kbench.explain.trace import Array

NESTED = Function("[guest]", "guest")
LEAVING = (Flow.CALL, Flow.RETURN, Flow.IRET, Flow.SYSCALL, Flow.SYSRET, Flow.VMRUN)


@dataclass(frozen=True, slots=True)
class Segment:
    """`count` instructions in a row in `function`, or in the nested guest.

    first: the address of the first; offset: where it is in the function. last, end, flow, code:
    the address of the last one, the address behind it, and what it is. pointer: where it has its
    return address, if it is a call or a return; else 0. repeats: how many are turns of REP.
    """

    function: Function
    offset: int
    first: int
    last: int
    end: int
    flow: Flow
    code: bytes
    pointer: int
    count: int
    repeats: int

    @property
    def nested(self) -> bool:
        return self.function is NESTED


class Cutter:
    """Cuts a trace whose addresses `symbols` knows."""

    def __init__(self, trace: Trace, symbols: Symbols) -> None:
        import numpy as np

        self._trace = trace
        insns = trace.insns
        self._address = insns["address"]
        self._end = self._address + insns["length"]
        self._code = [code.tobytes() + bytes(2) for code in insns["code"]]
        self._flow = np.array([flow(code) for code in self._code], "u1")
        self._nested = insns["nested"] != 0
        places = [
            (NESTED, 0) if nested else symbols.at(address)
            for address, nested in zip(self._address.tolist(), self._nested, strict=True)
        ]
        self._offset = np.array([offset for _, offset in places], "i8")
        self._functions = list(dict.fromkeys(function for function, _ in places))
        numbers = {function: number for number, function in enumerate(self._functions)}
        self._function = np.array([numbers[function] for function, _ in places], "u4")

    def cut(self, start: int, stop: int) -> Sequence[Segment]:
        """The segments of what has these indices in the trace."""
        import numpy as np

        order = self._trace.order[start:stop]
        ends = np.append(self._boundaries(order), len(order) - 1)
        repeats = np.cumsum(self._flow[order] == Flow.REPEAT)
        segments, first, before = [], 0, 0
        for last, turns in zip(ends.tolist(), repeats[ends].tolist(), strict=True):
            one, other = order[first], order[last]
            segments.append(
                Segment(
                    self._functions[self._function[other]],
                    int(self._offset[one]),
                    int(self._address[one]),
                    int(self._address[other]),
                    int(self._end[other]),
                    Flow(self._flow[other]),
                    self._code[other],
                    self._trace.stack.get(start + last, 0),
                    last + 1 - first,
                    turns - before,
                )
            )
            first, before = last + 1, turns
        return segments

    def opcodes(self, start: int, stop: int) -> dict[Function, Counter[bytes]]:
        """By function, how often it executed each opcode, of what has these indices."""
        import numpy as np

        found: dict[Function, Counter[bytes]] = {}
        indices, times = np.unique(self._trace.order[start:stop], return_counts=True)
        for index, number in zip(indices.tolist(), times.tolist(), strict=True):
            function = self._functions[self._function[index]]
            found.setdefault(function, Counter())[opcode(self._code[index])] += number
        return found

    def listings(self, start: int, stop: int, name: str) -> list[Listing]:
        """What was executed of each function called `name`, of what has these indices."""
        import numpy as np

        found: dict[Function, list[Instruction]] = {}
        indices, times = np.unique(self._trace.order[start:stop], return_counts=True)
        for index, number in zip(indices.tolist(), times.tolist(), strict=True):
            function, address = self._functions[self._function[index]], int(self._address[index])
            if function.name == name:
                code = self._code[index][: int(self._end[index]) - address]
                each = Instruction(address, int(self._offset[index]), code, number)
                found.setdefault(function, []).append(each)
        return [
            Listing(function, tuple(sorted(all_, key=lambda each: each.address)))
            for function, all_ in found.items()
        ]

    def _boundaries(self, order: "Array") -> "Array":
        """Indices into `order` of what the next instruction may not belong to."""
        import numpy as np

        one, other = order[:-1], order[1:]
        kind = self._flow[one]
        elsewhere = (self._address[other] != self._end[one]) & (other != one)
        jumped = (kind == Flow.NEXT) | (kind == Flow.REPEAT)
        found = self._function[one] != self._function[other]
        found |= np.isin(kind, LEAVING) | (jumped & elsewhere)
        # An interrupt may come in the function that handles interrupts.
        found |= (self._offset[other] == 0) & elsewhere
        found &= ~(self._nested[one] & self._nested[other])
        return np.flatnonzero(found)
