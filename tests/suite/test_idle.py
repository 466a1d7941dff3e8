# SPDX-License-Identifier: MIT
"""The figures of idle guests, from stored runs."""

from collections.abc import Mapping

import pytest

from kbench.suite.idle import summarize_idle
from kbench.suite.pyperf_json import Scalar
from kbench.suite.suite import Benchmark, Run


def benchmark(name: str, *runs: Mapping[str, Scalar]) -> Benchmark:
    made = []
    for run in runs:
        own: dict[str, Scalar] = {f"kbench_{key}": value for key, value in run.items()}
        made.append(Run((1.0,), own, {"name": name}))
    return Benchmark(name, "second", tuple(made))


COUNTERS: dict[str, Scalar] = {
    "counter_cpu_s": 0.2, "counter_wall_s": 0.5, "counter_vcpus": 2, "counter_progress": 1.0,
    "counter_exits_per_s": 100, "counter_work_per_s": 9.0, "p50": 3e-5, "wake_p50": 7e-5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "wake", "work"),
    [
        ("idle.tick250@hlt", 3e-5, None),
        ("work.batch@hlt", 3e-5, 9.0),
        ("work.urgent@hlt", 7e-5, 9.0),
        ("hunt.kick@hlt", None, None),
    ],
)
def test_each_family_has_its_figures(name: str, wake: float | None, work: float | None) -> None:
    found = summarize_idle(benchmark(name, COUNTERS))
    assert found is not None and found.policy == "hlt"
    assert found.share == pytest.approx(0.2)
    assert (found.wake, found.work, found.exits, found.progress) == (wake, work, 100, 1.0)


def test_a_wake_up_that_the_measurement_made_is_none() -> None:
    row = benchmark("idle.poisson@spin", {**COUNTERS, "no_latency": "the waker shares the pCPU"})
    found = summarize_idle(row)
    assert found is not None and found.wake is None and found.share == pytest.approx(0.2)


def test_a_competitor_has_its_share() -> None:
    row = benchmark("work.competitor@hlt", {**COUNTERS, "counter_competitor_share": 0.5})
    found = summarize_idle(row)
    assert found is not None and found.competitor == 0.5
    alone = summarize_idle(benchmark("work.batch@hlt", COUNTERS))
    assert alone is not None and alone.competitor is None


def test_costs_are_counted_for_each_event() -> None:
    counted = {**COUNTERS, "counter_events_handled": 50, "counter_kvm_exits": 105}
    found = summarize_idle(benchmark("idle.poisson@hlt", counted))
    assert found is not None and not found.busy
    assert found.event == pytest.approx(4e6) and found.event_exits == pytest.approx(2.1)
    nothing = summarize_idle(benchmark("idle.poisson@hlt", COUNTERS))
    assert nothing is not None and nothing.event is None and nothing.event_exits is None


def test_a_thread_that_waits_for_its_pcpu_never_blocks() -> None:
    waiting = {**COUNTERS, "counter_vcpus": 1, "counter_waited_s": 0.3}
    found = summarize_idle(benchmark("idle.poisson@spin", waiting))
    assert found is not None and found.busy


def test_void_runs_do_not_count() -> None:
    void = {**COUNTERS, "counter_cpu_s": 99.0, "void": "stolen"}
    found = summarize_idle(benchmark("idle.silent@spin", COUNTERS, void))
    assert found is not None and found.share == pytest.approx(0.2)


def test_other_families_have_none() -> None:
    assert summarize_idle(benchmark("exit.pio_out", {"p50": 1.0})) is None


def test_a_wake_up_is_not_later_than_the_latest() -> None:
    """As every p50: the edge of its bucket may lie beyond what was measured."""
    found = summarize_idle(benchmark("idle.tick250@hlt", {**COUNTERS, "min": 1e-5, "max": 2e-5}))
    assert found is not None and found.wake == 2e-5
