# SPDX-License-Identifier: MIT
"""In the lab: what is traced is what was counted, for every row that has stamps."""

import pytest

from kbench.explain import plugin, trace
from kbench.explain.errors import Unexplained
from kbench.explain.explain import EventChoice, Explainer
from kbench.explain.explanation import Explanation
from kbench.explain.insns import Flow, flow
from kbench.explain.tree import GUEST, walk
from kbench.lab.labs import Lab, measure_all

pytestmark = pytest.mark.lab

SAMPLE = ("exit.pio_out", "mpstate.probe@kick", "vtl.return@poll", "wake.irqfd@hlt")


def explained(lab: Lab, name: str, event: str = "p50") -> Explanation:
    return Explainer(lab, print).explain(name, EventChoice(event=event))


@pytest.mark.parametrize("name", SAMPLE)
def test_the_tree_adds_up_to_the_count(extended: Lab, name: str) -> None:
    found = explained(extended, name)
    assert sum(root.total for root in found.roots) == found.count
    (result,) = measure_all(extended, [name])
    recorded = result.runs[0]
    assert len(found.counts) == recorded.count
    if not found.stages and not found.lead:
        assert (min(found.counts), max(found.counts)) == (recorded.minimum, recorded.maximum)
        assert sum(found.counts) == recorded.total


def test_the_plugin_changes_no_count(lab: Lab) -> None:
    names = ["exit.mmio_read", "wake.irqfd@hlt", "wake.timer@hlt-poll-50us"]
    plain = {result.benchmark: result.runs for result in measure_all(lab, names)}
    assert [len(plain[name]) for name in names] == [1, 1, 10]
    for name in names:
        assert trace.execute(lab, plugin.built(print), name).counts == plain[name][0]


def test_calls_and_returns_have_their_place_on_the_stack(lab: Lab) -> None:
    """Without it a switch of threads is not seen, and returns are matched by address alone."""
    path = plugin.built(print)
    first = trace.execute(lab, path, "floor.syscall")
    last = int(first.stamps["number"][-1])
    found = trace.execute(lab, path, "floor.syscall", [(last - 500_000, last)]).trace
    assert found is not None
    codes = [code.tobytes() + bytes(2) for code in found.insns["code"]]
    leaving = {n for n, code in enumerate(codes) if flow(code) in (Flow.CALL, Flow.RETURN)}
    places = [n for n, index in enumerate(found.order.tolist()) if index in leaving]
    assert len(places) > 1000 and [n for n in places if n not in found.stack] == []


def test_what_an_exit_is_made_of(lab: Lab) -> None:
    found = explained(lab, "exit.pio_out")
    paths = [path for root in found.roots for path in walk(root)]
    names = [node.function.name for node in paths[0]]
    assert names == ["round_trips"]
    by_name = {path[-1].function.name: path for path in paths}
    assert [n.function.module for n in by_name["io_interception"]][-2:] == ["kvm_amd"] * 2
    above = [node.function.name for node in by_name["svm_vcpu_run"]]
    order = ["round_trips", "ioctl", "entry_SYSCALL_64", "kvm_vcpu_ioctl", "svm_vcpu_run"]
    assert [name for name in above if name in order] == order
    assert by_name["[guest]"][-1].how == GUEST


def test_a_wake_up_goes_through_two_threads(lab: Lab) -> None:
    found = explained(lab, "wake.irqfd@hlt")
    assert found.stages == () and found.lead == "late"
    assert [root.function.name for root in found.roots] == ["waker", "vCPU thread"]
    assert explained(lab, "wake.irqfd@hlt", "max").count == max(found.counts)


@pytest.mark.parametrize("name", ["idle.tick250@hlt", "work.batch@hlt"])
def test_what_has_no_stamps_is_refused_with_the_reason(lab: Lab, name: str) -> None:
    with pytest.raises(Unexplained, match=f"{name} cannot be explained: "):
        explained(lab, name)
