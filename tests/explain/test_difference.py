# SPDX-License-Identifier: MIT
"""Differences of explained events: they add up, and name what moved."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from support.explained import exit_tree, explanation, node

from kbench.explain.difference import (
    ITSELF,
    ONLY_BASE,
    ONLY_HEAD,
    functions,
    moves,
    own,
    paths,
)
from kbench.explain.symbols import Function
from kbench.explain.tree import Node, folded

NAMES = st.sampled_from(["a", "b", "c", "c.isra.0", "d"])


def trees() -> st.SearchStrategy[Node]:
    sizes = st.integers(0, 50)
    leaves = st.builds(lambda name, size: node(name, size), NAMES, sizes)
    return st.recursive(
        leaves,
        lambda below: st.builds(
            lambda name, size, children: node(name, size, *folded(children)),
            NAMES, sizes, st.lists(below, max_size=4),
        ),
        max_leaves=12,
    )  # fmt: skip


@given(trees(), trees())
def test_both_views_add_up_to_the_difference(base: Node, head: Node) -> None:
    one, other = explanation(base), explanation(head)
    delta = other.count - one.count
    assert sum(change.delta for change in functions(own(one), own(other))) == delta
    assert sum(change.delta for change in paths(one.roots, other.roots)) == delta


def test_the_function_and_the_place_are_named() -> None:
    base, head = explanation(exit_tree()), explanation(exit_tree(handler=303))
    (change,) = functions(own(base), own(head))
    assert (change.function, change.module, change.delta) == ("io_interception", "kvm_amd", 3)
    (place,) = paths(base.roots, head.roots)
    assert place.what == ITSELF and [f.name for f in place.path][-2:] == [
        "kvm_vcpu_ioctl",
        "io_interception",
    ]


def test_what_is_called_on_one_side_only_is_one_line() -> None:
    extra = node("kvm_pmu_trigger_event", 134, node("amd_pmc_idx_to_pmc", 52))
    base, head = explanation(node("a", 5, extra)), explanation(node("a", 5))
    assert [(p.what, p.delta) for p in paths(base.roots, head.roots)] == [(ONLY_BASE, -186)]
    assert [(p.what, p.delta) for p in paths(head.roots, base.roots)] == [(ONLY_HEAD, 186)]


def test_clones_of_a_function_are_one() -> None:
    base = explanation(node("a", 1, node("svm_set_msr.isra.0", 10)))
    head = explanation(node("a", 1, node("svm_set_msr.constprop.0", 12)))
    (change,) = functions(own(base), own(head))
    assert (change.function, change.delta) == ("svm_set_msr", 2)
    assert change.clones == "svm_set_msr.isra.0 -> svm_set_msr.constprop.0"
    assert [p.what for p in paths(base.roots, head.roots)] == [ITSELF]


def test_code_that_was_inlined_is_told_as_moved() -> None:
    caller, callee = Function("vcpu_run", "kvm"), Function("vcpu_enter_guest", "kvm")
    code = Counter({b"\x89": 60, b"\x0f\x84": 20})
    base = replace(
        explanation(node("vcpu_run", 10, node("vcpu_enter_guest", 80))),
        executed={caller: Counter({b"\x89": 10}), callee: code},
    )
    head = replace(
        explanation(node("vcpu_run", 88)),
        executed={caller: Counter({b"\x89": 70, b"\x0f\x84": 18})},
    )
    (move,) = moves(base, head)
    assert (move.source, move.target, move.alike) == ("vcpu_enter_guest", "vcpu_run", 78)
    assert moves(base, base) == ()
