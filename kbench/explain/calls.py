# SPDX-License-Identifier: MIT
"""Executed instructions as a tree of calls, thread by thread.

A call and its return are matched by where the return address is on the stack, so that jumps
out of a function lose nothing. What was called before the event began shows when it is
returned to: a tree grows at its root, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from kbench.explain.exits import Exits
from kbench.explain.insns import Flow
from kbench.explain.segments import Segment
from kbench.explain.symbols import Function
from kbench.explain.tree import CALL, GUEST, INTERRUPT, SYSCALL, TAIL, Node

STACK_BITS = 14  # THREAD_SIZE of x86-64 is 16 KiB (arch/x86/include/asm/page_64_types.h)
SWITCH = ("__switch_to", "__switch_to_asm")
# arch/x86/include/asm/idtentry.h: where exceptions and interrupts enter; devices' by a stub.
EXCEPTION = "asm_exc_"
ENTRIES = (EXCEPTION, "asm_sysvec_", "asm_common_interrupt", "asm_spurious", "asm_int80")
STUBS = ("irq_entries_start", "spurious_entries_start")
# What jumps and returns for the function that uses it, or to the one that is called.
THUNKS = (".plt", "__x86_indirect_thunk", "__x86_return_thunk", "srso_", "retbleed_")
SYSCALL_ENTRY = "entry_SYSCALL"
UNNAMED = Function("?", "?")


@dataclass
class Frame:
    """A call that has not returned.

    pointer: where its return address is on the stack, and back: that address; 0: not known.
    fault: the address of the instruction that an exception may have ended.
    """

    node: Node
    pointer: int = 0
    back: int = 0
    fault: int = 0


@dataclass(eq=False)
class Thread:
    """The calls of one thread: its tree, and those that have not returned, outermost first."""

    root: Node
    frames: list[Frame] = field(default_factory=list)


class Calls:
    """The trees of an event: `roots`, one a thread, in the order of their appearance.

    uncounted: how many instructions began and are not in the trees, as something came in place.
    """

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._threads = [_thread()]
        self._current = self._threads[0]
        self._parked: dict[int, Thread] = {}
        self._exits = Exits()
        self._faults = 0
        before: Segment | None = None
        for segment in segments:
            if before is not None:
                self._leave(before, segment)
            self._arrive(segment)
            before = segment
        self._exits.end()

    @property
    def roots(self) -> list[Node]:
        return [thread.root for thread in self._threads]

    @property
    def uncounted(self) -> int:
        return self._faults + self._exits.uncounted

    def _arrive(self, segment: Segment) -> None:
        """Give the instructions of `segment` to the function that they are of."""
        if not segment.function.name.startswith(THUNKS):
            self._name(segment.function)
        node = self._current.frames[-1].node
        node.own += segment.count
        node.repeats += segment.repeats
        self._exits.seen(segment.function.name)

    def _name(self, function: Function) -> None:
        """Give the innermost call its name; one that has another has jumped to this one."""
        frames = self._current.frames
        top = frames[-1]
        if top.node.function is UNNAMED:
            top.node.function = function
        for n in range(len(frames) - 1, -1, -1):
            if frames[n].node.function == function:
                del frames[n + 1 :]
                return
            if frames[n].node.how != TAIL:
                break
        self._push(TAIL, top.pointer, top.back)
        self._current.frames[-1].node.function = function

    def _leave(self, before: Segment, now: Segment) -> None:
        """What the last instruction of `before` does to the calls, and what came after it."""
        if before.nested:
            self._exits.left(self._current.frames[-1].node, before.code)
            self._back((GUEST,), GUEST)
            return
        match before.flow:
            case Flow.CALL:
                self._push(CALL, before.pointer, before.end)
            case Flow.RETURN:
                self._return(before, now)
            case Flow.SYSCALL:
                self._push(SYSCALL)
            case Flow.SYSRET:
                self._back((SYSCALL,), SYSCALL)
            case Flow.IRET:
                self._interrupt_returns(now)
            case Flow.VMRUN if now.nested:
                self._exits.entered()
                self._push(GUEST)
        if interrupted(before, now):
            self._exits.interrupted()
            fault = before.last if now.function.name.startswith(EXCEPTION) else 0
            self._push(INTERRUPT, fault=fault)

    def _push(self, how: str, pointer: int = 0, back: int = 0, fault: int = 0) -> None:
        node = Node(UNNAMED, how)
        self._current.frames[-1].node.children.append(node)
        self._current.frames.append(Frame(node, pointer, back, fault))

    def _return(self, before: Segment, now: Segment) -> None:
        frames = self._current.frames
        known = before.pointer != 0
        if self._popped([known and frame.pointer == before.pointer for frame in frames]):
            return
        if before.function.name in SWITCH:
            self._switch(before.pointer)
            frames = self._current.frames
            self._popped([frame.pointer == before.pointer for frame in frames])
        elif not self._popped([frame.back == now.first for frame in frames]):
            # paranoid_entry() moves its return address on the stack: hence by address, too.
            self._grow(self._current.root.how)

    def _popped(self, matches: Sequence[bool]) -> bool:
        """Whether one of the calls that may have returned has: what it called has, too."""
        frames = self._current.frames
        for n in range(len(frames) - 1, 0, -1):
            if matches[n] and frames[n].node.how == CALL:
                del frames[n:]
                return True
        return False

    def _switch(self, pointer: int) -> None:
        """Another thread goes on, whose return address is at `pointer`."""
        calls = [frame.pointer for frame in self._current.frames if frame.pointer]
        if calls:
            self._parked[calls[-1] >> STACK_BITS] = self._current
        known = self._parked.pop(pointer >> STACK_BITS, None)
        if known is None:
            known = _thread()
            self._threads.append(known)
        self._current = known

    def _interrupt_returns(self, now: Segment) -> None:
        frames = self._current.frames
        entries = [n for n, frame in enumerate(frames) if frame.node.how in (INTERRUPT, SYSCALL)]
        if entries and frames[entries[-1]].fault == now.first:
            # The instruction that the exception ended begins again.
            frames[entries[-1] - 1].node.own -= 1
            self._faults += 1
        entered = self._current.root.function.name.startswith(SYSCALL_ENTRY)
        self._back((INTERRUPT, SYSCALL), SYSCALL if entered else INTERRUPT)

    def _back(self, ways: tuple[str, ...], way: str) -> None:
        """Return from the innermost call of one of `ways`, or from the root, called by `way`."""
        frames = self._current.frames
        for n in range(len(frames) - 1, 0, -1):
            if frames[n].node.how in ways:
                del frames[n:]
                return
        self._grow(way)

    def _grow(self, how: str) -> None:
        """What goes on now has called the root, in the way `how`."""
        thread = self._current
        thread.root.how = how
        thread.root = Node(UNNAMED, children=[thread.root])
        thread.frames = [Frame(thread.root)]


def _thread() -> Thread:
    root = Node(UNNAMED)
    return Thread(root, [Frame(root)])


def interrupted(before: Segment, now: Segment) -> bool:
    """Whether an interrupt or exception came between the two, or ended the first."""
    if now.nested:
        return False
    name = now.function.name
    if name in STUBS:
        return before.function.name not in STUBS
    if name.startswith(ENTRIES) and now.offset == 0:
        return before.function.name not in STUBS
    follows = now.first in (before.end, before.last)
    return before.flow in (Flow.NEXT, Flow.REPEAT) and not follows
