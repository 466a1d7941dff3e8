# SPDX-License-Identifier: MIT
"""An explained event as people and programs read it."""

import json
import re
from typing import Any

from support.explained import exit_tree, explanation, node

from kbench.present.explanation import makers

TREE = """\
exit.pio_out: 1,050 instructions (KVM stock, Linux 6.1.192-2)

    total    self calls function
    1,050      20     1 round_trips [exits]
    1,012     100     1  system call: entry_SYSCALL_64
      912     400     1   kvm_vcpu_ioctl [kvm]
      201     200     1    svm_vcpu_run [kvm]
        1       1     1     [guest]
      300     300     2    > io_interception [kvm_amd]
       11             2    (smaller calls)
       18      18     1  kfree
    1,050               in all

all 1 events of the window have this count
> was jumped to (a tail call); the kernel's own functions have no [module]
"""


def text(width: int = 80, least: int | None = None, depth: int | None = None) -> str:
    return makers(explanation(exit_tree()), width, least, depth)["table"]()


def test_the_tree_on_a_terminal() -> None:
    assert text() == TREE


def test_depth_and_threshold_leave_lines_out_and_add_up() -> None:
    assert "kvm_vcpu_ioctl" in text(depth=2) and "svm_vcpu_run" not in text(depth=2)
    cut = text(least=250)
    assert "svm_vcpu_run" not in cut and "svm_get_rflags" not in cut
    assert re.search(r"^ +212 +3 +\(smaller calls\)$", cut, re.MULTILINE)
    assert "svm_get_rflags" in text(least=0) and "(smaller" not in text(least=0)


def test_no_line_is_longer_than_the_terminal() -> None:
    deep = node("f" * 70, 1)
    for _ in range(60):
        deep = node("kvm_arch_vcpu_ioctl_run", 1, deep)
    form = makers(explanation(deep, counts=[61, 62, 63], uncounted=2), 80)["table"]()
    assert max(map(len, form.splitlines())) <= 80
    assert "event 1 of 3, which have 61 to 63 instructions" in form


def test_json_adds_up() -> None:
    data = json.loads(makers(explanation(exit_tree()), 80)["json"]())

    def own(nodes: list[dict[str, Any]]) -> int:
        total = 0
        for each in nodes:
            below = own(each["children"])
            assert each["total"] == each["self"] + below
            total += each["total"]
        return total

    assert own(data["tree"]) == data["count"] == data["events"][data["event"] - 1] == 1050
    assert sum(function["self"] for function in data["functions"]) == 1050
