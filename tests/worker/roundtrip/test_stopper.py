# SPDX-License-Identifier: MIT
"""What is kept of a round trip beyond the limit: its figures, and the events of the trace."""

import json
from pathlib import Path

import pytest

from kbench.catalogue import find
from kbench.worker.measure import prepare
from kbench.worker.roundtrip.measurement import RoundTripMeasurement
from kbench.worker.roundtrip.stopper import STOPPED, events

TRACE = """\
# tracer: nop
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
         python3-100     [001] d....  999: kvm_entry: before it began
         python3-100     [001] d....  1000: kvm_userspace_exit: reason KVM_EXIT_IO (2)
 kworker/1:1H-kb-44      [001] d.h1.  1300: sched_waking: comm=a b pid=7 prio=100
            cc1-200     [000] .....  1400: sched_switch: prev_pid=200 ==> next_pid=300
            cc1-200     [000] .....  1500: sched_migrate_task: comm=python3 pid=100 dest_cpu=1
         python3-100     [001] .....  2001: tracing_mark_write: kbench: beyond the limit
CPU:1 [LOST 3 EVENTS]
""".splitlines()


def test_events_of_the_round_trip_and_of_its_thread() -> None:
    found = list(events(TRACE, 1000, 1000, (1, 1), 100))
    assert [(at, cpu, name) for at, cpu, _, name, _ in found] == [
        (0, 1, "kvm_userspace_exit"),
        (300, 1, "sched_waking"),
        (500, 0, "sched_migrate_task"),
    ]
    assert found[1][2] == "kworker/1:1H-kb-44" and found[1][4] == "comm=a b pid=7 prio=100"


def test_a_task_may_have_any_bytes_for_a_name() -> None:
    """What cannot be printed would be refused when the suite is read."""
    line = " a\tb\x1b-7     [001] .....  1400: sched_waking: comm=c\x07 pid=100 prio=120"
    assert [tuple(each) for each in events([line], 1000, 1000, (1, 1), 100)] == [
        (400, 1, "a?b?-7", "sched_waking", "comm=c? pid=100 prio=120")
    ]


@pytest.mark.kvm
class TestRuns:
    def fake(self, folder: Path) -> Path:
        """A directory as an instance of tracefs is one, with an event at any time."""
        for name in ("trace_marker", "tracing_on", "trace"):
            (folder / name).touch()
        return folder

    def test_it_ends_and_says_what_it_was(self, tmp_path: Path) -> None:
        trace = self.fake(tmp_path)
        with prepare(find("exit.pio_out")) as measurement:
            assert isinstance(measurement, RoundTripMeasurement)
            measurement.run(10)
            measurement.stop_above(1, trace)
            measurement.reset()
            total = measurement.run(1000)
            recording = measurement.recording()
        assert recording.count == 1 and recording.void == STOPPED
        assert recording.figures["outlier"] == pytest.approx(recording.maximum)
        assert total == pytest.approx(1000 * recording.maximum), "the mean of those that were"
        assert recording.counters["outlier_number"] == 1
        assert recording.marks == {}, "nothing was traced"
        assert (trace / "tracing_on").read_text() == "10", "switched on, then off"
        assert (trace / "trace_marker").read_text()
        json.dumps(recording.figures | recording.counters)

    def test_without_one_beyond_it_is_a_run_with_a_limit(self) -> None:
        with prepare(find("exit.pio_out")) as measurement:
            assert isinstance(measurement, RoundTripMeasurement)
            measurement.stop_above(9e9)
            measurement.run(20)
            recording = measurement.recording()
        assert recording.count == 20 and STOPPED not in recording.void
        assert recording.figures == {"stop_above": 9e9}
        assert not any(name.startswith("outlier") for name in recording.counters)
