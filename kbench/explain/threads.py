# SPDX-License-Identifier: MIT
"""Which thread a tree of calls is of: by what it does in the kernel, or the code that it runs."""

from collections import Counter
from collections.abc import Sequence

from kbench.explain.symbols import KERNEL, Function
from kbench.explain.tree import GUEST, THREAD, Node, walk

WAKER = ("waker", "fire_at")
IDLE = ("do_idle", "cpu_startup_entry", "default_idle_call", "cpuidle_idle_call")
KERNEL_THREAD = ("kthread", "worker_thread", "ret_from_fork", "smpboot_thread_fn")
VCPU = ("kvm_vcpu_ioctl", "vcpu_run", "kvm_vcpu_block", "kvm_vcpu_halt")


def told_apart(roots: Sequence[Node]) -> list[Node]:
    """The trees below a node for each thread; one alone as it is."""
    if len(roots) == 1:
        return list(roots)
    seen: Counter[str] = Counter()
    found = []
    for root in roots:
        role = _role(root)
        seen[role] += 1
        name = role if seen[role] == 1 else f"{role} {seen[role]}"
        found.append(Node(Function(name, ""), THREAD, children=[root]))
    return found


def _role(root: Node) -> str:
    functions = [path[-1].function for path in walk(root)]
    names = {function.name for function in functions}
    if Function(WAKER[1], WAKER[0]) in functions:
        return "waker"
    if names & set(IDLE):
        return "idle task"
    if names & set(VCPU) or any(path[-1].how == GUEST for path in walk(root)):
        return "vCPU thread"
    if names & set(KERNEL_THREAD):
        return "kernel thread"
    return "another thread" if root.function.module == KERNEL else f"thread in {root.function.name}"
