# SPDX-License-Identifier: MIT
"""Each instruction of an exit is in one part."""

from dataclasses import replace

import pytest
from support.explained import exit_tree, explanation, node

from kbench.explain.anatomy import ENTRY, FPU, HANDLER, INSIDE, IOCTL, PARTS, SWITCH, USER, parts
from kbench.explain.explain import EventChoice, Explainer
from kbench.lab.labs import Lab
from kbench.present.anatomy import page


def test_parts_by_the_nearest_caller_that_has_one() -> None:
    found = parts(explanation(exit_tree()))
    assert found[USER] == 20 + 18 and found[ENTRY] == 100
    assert found[SWITCH] == 200 and found[INSIDE] == 1
    # io_interception is in no part of its own, and its caller is the ioctl.
    assert found[IOCTL] == 400 + 300 + 6 + 5
    assert found.total() == 1050


def test_every_part_is_described() -> None:
    assert {ENTRY, FPU, HANDLER} < PARTS.keys()


def test_the_page_has_each_side_and_what_differs() -> None:
    event = explanation(exit_tree())
    base = {"exit.pio_out": event, "exit.hlt": event}
    changed = replace(explanation(exit_tree(handler=303)), kvm="all")
    variant = {"exit.pio_out": changed, "exit.hlt": changed}
    newer = {"exit.pio_out": replace(explanation(exit_tree(syscall=104)), kernel="6.12.95-1")}
    text = page([base, variant, newer])
    shares, moved, added = text.partition("## Linux 6.1.192-2, KVM stock\n")[2].split(" to ", 2)
    assert shares.count("| exit.pio\\_out | ") == 2 and "KVM all" not in shares
    assert "| exit.pio\\_out | \\+4 | entry\\_SYSCALL\\_64 \\+4 |" in moved
    assert "| all | \\+3 | io\\_interception \\+3 | exit.pio\\_out, exit.hlt |" in added
    assert "They are not times" in text


def test_the_extension_s_own_functions_are_told_where_they_run() -> None:
    tree = exit_tree()
    tree.children[0].children[0].children += [
        node("kvm_kbench_has_events", 50),
        node("__kvm_kbench_block_begin", 33),
    ]
    off, on = explanation(exit_tree()), replace(explanation(tree), kvm="all")
    assert "own functions" not in page([{"exit.hlt": off}])
    text = page([{"exit.hlt": off, "exit.hlt_user": on}])
    row = "| exit.hlt\\_user | 1,133 | 83 | kvm\\_kbench\\_has\\_events 50, "
    assert row in text and text.count("| 83 |") == 1


@pytest.mark.lab
def test_a_pio_exit_has_all_parts(lab: Lab) -> None:
    event = Explainer(lab, print).explain("exit.pio_out", EventChoice())
    found = parts(event)
    assert found.total() == event.count
    assert [part for part in PARTS if not found[part]] == []
