# SPDX-License-Identifier: MIT
"""Explanations made by hand, small enough to check on paper."""

from collections.abc import Sequence

from kbench.explain.explanation import Explanation
from kbench.explain.symbols import Function
from kbench.explain.tree import CALL, GUEST, SYSCALL, TAIL, Node


def node(
    name: str, own: int, *children: Node, module: str = "kvm", how: str = CALL, calls: int = 1
) -> Node:
    return Node(Function(name, module), how, own, calls, 0, list(children))


def explanation(*roots: Node, counts: Sequence[int] = (), uncounted: int = 0) -> Explanation:
    """Of exit.pio_out; by default one event, which has the instructions of `roots`."""
    return Explanation(
        benchmark="exit.pio_out",
        stages=(),
        kvm="stock",
        kernel="6.1.192-2",
        roots=roots,
        number=1,
        counts=tuple(counts) or (sum(root.total for root in roots),),
        uncounted=uncounted,
    )


def exit_tree(handler: int = 300, syscall: int = 100) -> Node:
    """A round trip of 1,050 instructions, by default."""
    return node(
        "round_trips", 20,
        node("entry_SYSCALL_64", syscall,
            node("kvm_vcpu_ioctl", 400,
                node("svm_vcpu_run", 200, node("[guest]", 1, module="guest", how=GUEST)),
                node("io_interception", handler, module="kvm_amd", how=TAIL, calls=2),
                node("svm_get_rflags", 6),
                node("mutex_unlock", 5, module="kernel"),
            ),
            module="kernel", how=SYSCALL,
        ),
        node("kfree", 18, module="kernel"),
        module="exits",
    )  # fmt: skip
