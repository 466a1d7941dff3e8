# SPDX-License-Identifier: MIT
"""Segments made by hand, and the trees of calls that they are."""

from kbench.explain.calls import Calls
from kbench.explain.insns import Flow
from kbench.explain.segments import NESTED, Segment
from kbench.explain.symbols import Function
from kbench.explain.threads import told_apart
from kbench.explain.tree import Node, by_function, folded

ADDRESSES: dict[str, int] = {}


def at(name: str) -> int:
    return ADDRESSES.setdefault(name, 0x1000 * (len(ADDRESSES) + 1))


def seg(
    name: str,
    count: int,
    flow: Flow = Flow.NEXT,
    pointer: int = 0,
    start: int = 0,
    code: str = "90",
) -> Segment:
    """`count` instructions of a byte each of a function, from its offset `start`."""
    function = NESTED if name == "guest" else Function(name, "kernel")
    first = at(name) + start
    last = first + count - 1
    return Segment(
        function=function, offset=start, first=first, last=last, end=last + 1, flow=flow,
        code=bytes.fromhex(code), pointer=pointer, count=count, repeats=0,
    )  # fmt: skip


def shown(node: Node) -> str:
    """A tree as text: how:name=own(children)."""
    inside = " ".join(shown(child) for child in node.children)
    how = "" if node.how == "call" else f"{node.how}:"
    return f"{how}{node.function.name}={node.own}" + (f"({inside})" if inside else "")


def trees(*segments: Segment) -> list[str]:
    return [shown(root) for root in Calls(segments).roots]


def test_a_call_and_its_return() -> None:
    assert trees(
        seg("a", 3, Flow.CALL, 100),
        seg("b", 5, Flow.RETURN, 100),
        seg("a", 2, start=3),
    ) == ["a=5(b=5)"]


def test_a_return_whose_place_is_unknown_goes_to_the_address_behind_its_call() -> None:
    """One that matched another unknown place would return from all that it lies below."""
    assert trees(
        seg("a", 1, Flow.CALL),
        seg("b", 1, Flow.CALL, 90),
        seg("c", 1, Flow.RETURN),
        seg("b", 1, Flow.RETURN, start=1),
        seg("a", 1, start=1),
    ) == ["a=2(b=2(c=1))"]


def test_a_jump_to_another_function_is_below_it_and_both_return() -> None:
    assert trees(
        seg("a", 1, Flow.CALL, 100),
        seg("b", 1, Flow.JUMP),
        seg("c", 1, Flow.JUMP),
        seg("b", 1, Flow.JUMP, start=1),
        seg("c", 2, Flow.RETURN, 100),
        seg("a", 1, start=1),
    ) == ["a=2(b=2(tail call:c=1 tail call:c=2))"]


def test_what_was_called_before_shows_at_the_return() -> None:
    assert trees(seg("inner", 2, Flow.RETURN, 300), seg("outer", 4, start=8)) == [
        "outer=4(inner=2)"
    ]


def test_a_system_call() -> None:
    assert trees(
        seg("loop", 2, Flow.SYSCALL),
        seg("entry_SYSCALL_64", 4, Flow.SYSRET),
        seg("loop", 1, start=2),
    ) == ["loop=3(system call:entry_SYSCALL_64=4)"]


def test_a_return_by_address_where_the_stack_differs() -> None:
    assert trees(
        seg("a", 3, Flow.CALL, 100),
        seg("paranoid_entry", 5, Flow.RETURN, 60),
        seg("a", 2, start=3),
    ) == ["a=5(paranoid_entry=5)"]


def test_an_interrupt_is_a_branch_of_its_own() -> None:
    assert trees(
        seg("a", 3),
        seg("asm_sysvec_apic_timer_interrupt", 7, Flow.IRET),
        seg("a", 2, start=3),
    ) == ["a=5(interrupt:asm_sysvec_apic_timer_interrupt=7)"]


def test_an_instruction_that_faults_begins_twice_and_counts_once() -> None:
    calls = Calls([seg("a", 3), seg("asm_exc_page_fault", 7, Flow.IRET), seg("a", 4, start=2)])
    assert [shown(root) for root in calls.roots] == ["a=6(interrupt:asm_exc_page_fault=7)"]
    assert calls.uncounted == 1


def test_threads_are_told_apart_by_their_stacks() -> None:
    waker, vcpu = 0x10000, 0x20000
    calls = Calls(
        [
            seg("waker", 1, Flow.CALL, waker),
            seg("__switch_to_asm", 2, Flow.RETURN, vcpu),
            seg("kvm_vcpu_block", 3, Flow.CALL, vcpu - 64),
            seg("__switch_to_asm", 2, Flow.RETURN, waker),
            seg("waker", 4, start=1),
        ]
    )
    assert [shown(root) for root in calls.roots] == [
        "waker=5(__switch_to_asm=2)",
        "kvm_vcpu_block=3(__switch_to_asm=2)",
    ]
    names = [root.function.name for root in told_apart(calls.roots)]
    assert names == ["another thread", "vCPU thread"]


def exits(handler: str, code: str = "90") -> Calls:
    """An entry into the guest, and an exit for which `handler` runs."""
    return Calls(
        [
            seg("run", 1, Flow.VMRUN),
            seg("guest", 10, code=code),
            seg("run", 1, Flow.CALL, 100, start=1),
            seg(handler, 5, Flow.RETURN, 100),
            seg("run", 2, start=2),
        ]
    )


def test_what_the_guest_began_and_kvm_intercepted_is_not_counted() -> None:
    intercepted, between = exits("io_interception"), exits("intr_interception")
    assert (intercepted.uncounted, between.uncounted) == (1, 0)
    assert [shown(root) for root in intercepted.roots] == [
        "run=4(guest:[guest]=9 io_interception=5)"
    ]
    assert exits("ud_interception", code="0f0b").uncounted == 0


def test_folding_keeps_every_instruction() -> None:
    segments = [
        seg("a", 1, Flow.CALL, 100),
        seg("b", 2, Flow.RETURN, 100),
        seg("a", 1, Flow.CALL, 100, start=1),
        seg("b", 5, Flow.RETURN, 100),
        seg("a", 1, start=2),
    ]
    (root,) = folded(Calls(segments).roots)
    assert shown(root) == "a=3(b=7)"
    assert root.children[0].calls == 2
    assert root.total == sum(by_function(root).values()) == sum(s.count for s in segments)
