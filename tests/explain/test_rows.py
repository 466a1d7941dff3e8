# SPDX-License-Identifier: MIT
"""In the lab: the tree of every row adds up to its count. `make test-explain` takes all rows,
and `make test-kvm` those of exit and floor with a sample of the others.
"""

from collections.abc import Iterator

import pytest

from kbench.catalogue import Benchmark, IdleWindow, select
from kbench.catalogue.policies import policy
from kbench.explain.errors import Unexplained
from kbench.explain.explain import EventChoice, Explainer
from kbench.lab.labs import Lab

FAMILIES = ("exit", "floor", "inkernel", "mpstate", "vtl", "wake")
SHORT = ("exit", "floor")
# Time passes in the CPU's halts, without instructions; a share of the pCPU has no stamps.
WITHOUT_STAMPS = ("inkernel.mwait@native", "floor.waker", "floor.pcpu")


def kinds(row: Benchmark) -> Iterator[str]:
    """What a sample has a row of: families, wake sources and methods, kinds of policies."""
    yield row.family
    if isinstance(row, IdleWindow):
        yield row.method
        if row.family == "wake" and row.policy:
            yield row.wake_source
            yield f"{policy(row.policy).idles}, {policy(row.policy).waits}"


def sampled() -> set[str]:
    """The rows of SHORT, and of the others each that has a kind that none before it has."""
    seen: set[str] = set()
    found = set()
    for row in select(FAMILIES):
        new = set(kinds(row)) - seen
        if new or row.family in SHORT:
            seen |= new
            found.add(row.name)
    return found


def rows() -> Iterator[object]:
    """Every row, marked; those that are sampled are run by make test-kvm, too."""
    chosen = sampled()
    for row in select(FAMILIES):
        marks = [pytest.mark.lab, pytest.mark.test_explain]
        if row.name in chosen:
            marks.append(pytest.mark.test_kvm)
        yield pytest.param(row.name, marks=marks)


@pytest.fixture(scope="module")
def explainer(extended: Lab) -> Explainer:
    return Explainer(extended, lambda line: None)


@pytest.mark.parametrize("name", list(rows()))
def test_every_row_adds_up(explainer: Explainer, name: str) -> None:
    if name in WITHOUT_STAMPS:
        with pytest.raises(Unexplained, match="cannot be explained: "):
            explainer.explain(name, EventChoice())
        return
    try:
        found = explainer.explain(name, EventChoice())
    except Unexplained as error:
        if f"{name} is skipped: " not in str(error):
            raise
        pytest.skip(str(error))
    assert sum(root.total for root in found.roots) == found.count
