# SPDX-License-Identifier: MIT
"""The round trips that ended runs, as a suite has them."""

from pathlib import Path

import pytest
from support.suites import STOPPED, host_run, write

from kbench.errors import KbenchError
from kbench.judge.compat import is_condition
from kbench.present.show import to_text
from kbench.suite.load import load
from kbench.suite.outlier import outliers
from kbench.suite.suite import Benchmark
from kbench.suite.summary import summarize


def stored(path: Path, **changes: str | int | float) -> Benchmark:
    runs = [host_run(6e-6, kbench_stop_above=5e-5), host_run(6e-6, **{**STOPPED, **changes})]
    (found,) = load(write(path / "a.json", {"exit.a": runs}))
    return found


def test_they_are_read(tmp_path: Path) -> None:
    (found,) = outliers(stored(tmp_path))
    assert (found.run, found.number, found.pcpus) == (2, 15, (1, 0))
    assert (found.took, found.limit, found.on_pcpu) == (1.68e-4, 5e-5, 8.02e-5)
    assert (found.involuntary_switches, found.minor_faults) == (1, 2)
    assert [event.event for event in found.trace] == ["local_timer_entry", "sched_switch"]


@pytest.mark.parametrize(
    "trace",
    [
        "x",
        "[1]",
        "[[1, 1]]",
        "[" * 10_000,
        f'[[{10**400},1,"a","b","c"]]',
        '[[1, 1, "a", "b", "\\u001b[2J"]]',
        "[[-1,0]]",
    ],
)
def test_a_damaged_trace_is_one_line(tmp_path: Path, trace: str) -> None:
    with pytest.raises(KbenchError, match=r"exit\.a: kbench_outlier_trace is damaged"):
        outliers(stored(tmp_path, kbench_outlier_trace=trace))


def test_they_are_shown_within_80_columns(tmp_path: Path) -> None:
    row = stored(tmp_path)
    text = to_text({tmp_path: [summarize(row)]}, 80)
    assert "168 us" in text and "sched_switch" in text and "1 to 0" in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_limit_is_a_condition_and_the_event_is_none() -> None:
    assert is_condition("kbench_stop_above")
    assert not any(is_condition(key) for key in STOPPED if "outlier" in key)
