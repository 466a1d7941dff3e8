# SPDX-License-Identifier: MIT
"""What all windowed measurements do with what their windows showed."""

from kbench.catalogue import IdleWindow
from kbench.worker.idle.windowed import WindowedMeasurement

GHZ = 1_000_000  # kHz: one tick is one ns


class Fixed(WindowedMeasurement):
    """Each unit takes 100 ns."""

    def run(self, loops: int) -> float:
        self.record([100] * loops)
        return 100.0 * loops


def measurement() -> Fixed:
    return Fixed(IdleWindow(name="test.fixed", title="", loops=1), None, "none", GHZ)


def test_a_run_without_an_event_is_void() -> None:
    fixed = measurement()
    assert fixed.recording().void == "the guest handled no event"
    fixed.run(3)
    recording = fixed.recording()
    assert (recording.count, recording.total, recording.void) == (3, 300, "")


def test_a_stamp_before_the_one_it_follows_voids_the_run() -> None:
    fixed = measurement()
    fixed.record([100, -7_000])
    fixed.stage("late", [50])
    recording = fixed.recording()
    assert (recording.count, recording.minimum, recording.maximum) == (2, 0, 100)
    assert "stamps are out of order, one by 7,000 ticks" in recording.void
    fixed.reset()
    fixed.run(1)
    assert fixed.recording().void == ""
