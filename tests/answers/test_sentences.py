# SPDX-License-Identifier: MIT
"""Each sentence follows its suite, and is not said where a premise fails."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from support.suites import LAB, Metadata, host_run, lab_run, write

from kbench.answers.measured import Unsupported, measured
from kbench.answers.sentences import exits, idling, wakeups
from kbench.suite.load import load
from kbench.suite.suite import Suite


def idle(run: Metadata, share: float, events: int = 238, waited: float = 0.0) -> Metadata:
    """`run` with a second's counters of one vCPU, which took `share` of its pCPU."""
    counters = {
        "cpu_s": share,
        "wall_s": 1.0,
        "vcpus": 1,
        "waited_s": waited,
        "events_handled": events,
    }
    return run | {f"kbench_counter_{name}": value for name, value in counters.items()}


@pytest.fixture
def stored(tmp_path: Path) -> "Stored":
    return Stored(tmp_path / "suite.json")


class Stored:
    """Writes suites and reads them back."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(
        self, benchmarks: Mapping[str, Sequence[Metadata]], **common: str | int | float
    ) -> Suite:
        return load(write(self._path, benchmarks, **common))


EXIT = {"exit.pio_out": [host_run(7e-6), host_run(8e-6)], "floor.immediate_exit": [host_run(6e-6)]}


def test_an_exit_stands_beside_its_floor(stored: Stored) -> None:
    text = exits(stored(EXIT))
    assert "port write that exits to userspace" in text and "7.00-8.00 us in single runs" in text


def test_an_exit_in_the_lab_is_instructions(stored: Stored) -> None:
    lab = {"exit.pio_out": [lab_run(3021)], "floor.immediate_exit": [lab_run(1333)]}
    text = exits(stored(lab, **LAB))
    assert "takes 3,021 instructions;" in text and text.endswith("takes 1,333 instructions.")


@pytest.mark.parametrize("missing", EXIT)
def test_no_exit_without_its_floor(stored: Stored, missing: str) -> None:
    suite = stored({name: runs for name, runs in EXIT.items() if name != missing})
    with pytest.raises(Unsupported, match=re.escape(f"{missing} was not measured")):
        exits(suite)


def test_void_runs_support_nothing(stored: Stored) -> None:
    void = {**EXIT, "exit.pio_out": [host_run(7e-6, kbench_void="stolen")]}
    with pytest.raises(Unsupported, match=r"every run of exit\.pio_out is void: stolen"):
        exits(stored(void))


def test_wake_ups_that_overlap_are_named(stored: Stored) -> None:
    near = {"hlt": (4e-5, 5e-5), "spin": (4.5e-5, 6e-5), "hlt-poll-200us": (1e-5, 2e-5)}
    rows = {f"wake.irqfd@{name}": [host_run(p50) for p50 in p50s] for name, p50s in near.items()}
    text = wakeups(stored(rows))
    assert text.startswith("From the planned time of an irqfd write")
    assert text.endswith("The runs of hlt and spin overlap.")
    assert "hlt-poll-200us" in text.partition(". ")[0]


def test_one_pcpu_says_nothing_of_spinning_wake_ups(stored: Stored) -> None:
    suite = stored({"wake.irqfd@hlt": [lab_run(9000)]}, **LAB)
    with pytest.raises(Unsupported, match="take two pCPUs"):
        wakeups(suite)


def test_idling_is_told_at_the_rate_that_was_reached(stored: Stored) -> None:
    rows = {
        "idle.tick250@hlt": [idle(host_run(4e-5), 0.026, 238)],
        "idle.tick250@spin": [idle(host_run(4e-5), 0.999, 141)],
    }
    text = idling(stored(rows))
    assert "ticks 141 to 238 times a second" in text
    assert text.endswith("takes, of its pCPU's time, 2.60 % under hlt, 99.9 % under spin.")


def test_idling_in_the_lab_is_instructions_a_tick(stored: Stored) -> None:
    rows = {
        "idle.tick250@hlt": [idle(lab_run(9000), 0.0025, 250)],
        "idle.tick250@mwait-nop": [idle(lab_run(700), 0.998, 250)],
        "idle.tick250@mwait-yield": [idle(lab_run(700), 0.998, 250)],
    }
    text = idling(stored(rows, **LAB))
    assert text.startswith("For each tick of its timer an idle vCPU's thread executes 10,000 under")
    assert text.endswith(
        "Under mwait-yield, mwait-nop the thread never blocks: it takes the whole pCPU."
    )
    assert "%" not in text and "second" not in text


def test_a_starved_thread_has_no_share(stored: Stored) -> None:
    """On a busy machine a spinning vCPU would pass for one that leaves its pCPU idle."""
    rows = {"idle.tick250@spin": [idle(host_run(4e-5), 0.57, waited=0.43)]}
    with pytest.raises(Unsupported, match=r"spin: its thread waited for the pCPU 43% of the time"):
        idling(stored(rows))
    both = rows | {"idle.tick250@hlt": [idle(host_run(4e-5), 0.01)]}
    assert re.search(r"1\.00 % under hlt\. Not answered: .*spin: its thread", idling(stored(both)))


def test_no_cost_of_a_tick_that_never_came(stored: Stored) -> None:
    suite = stored({"idle.tick250@hlt": [idle(lab_run(9000), 0.002, 0)]}, **LAB)
    with pytest.raises(Unsupported, match="handled no event"):
        idling(suite)


def test_a_percentile_needs_its_events(stored: Stored) -> None:
    row = measured(stored({"exit.pio_out": [host_run(7e-6)]}), "exit.pio_out")
    assert row.percentile(99.0) > row.p50
    with pytest.raises(Unsupported, match=r"p99\.9 of 200 events is their maximum"):
        row.percentile(99.9)
