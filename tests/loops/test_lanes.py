# SPDX-License-Identifier: MIT
"""The VMM's work queue: taken once each, in order, by whoever comes first."""

import threading

import pytest

from kbench._abi import ffi
from kbench._loops import lanes
from kbench._loops.lanes import Lane, Queue


def test_an_endless_queue_ends_with_its_lane() -> None:
    run = ffi.new("struct kvm_run *")
    lane, queue = Lane(-1, int(ffi.cast("uintptr_t", run)), 4), Queue(4, 10)
    queue.reset(endless=True)
    thread = threading.Thread(target=lanes.work, args=(queue, -1, lane))
    thread.start()
    while not queue.done:
        thread.join(0.01)
    lane.stop()
    thread.join(5)
    assert not thread.is_alive()
    assert queue.done >= len(queue.starts) == 4
    assert list(queue.starts) == sorted(queue.starts)
    queue.reset()
    assert queue.done == 0 and not queue.starts


def test_a_lane_that_cannot_run_says_why() -> None:
    run = ffi.new("struct kvm_run *")
    lane = Lane(-1, int(ffi.cast("uintptr_t", run)), 4)
    lane.run()
    assert lane.ended and lane.failure[0] == 9  # EBADF
    lane.reset()
    assert not lane.ended and lane.failure == (0, 0, False)


def test_timer_slack_is_given_back() -> None:
    old = lanes.set_timer_slack(1)
    assert lanes.set_timer_slack(old) == 1


def test_the_extension_s_byte_is_read_when_the_lane_is_made() -> None:
    run = ffi.new("struct kvm_run *")
    ffi.cast("uint8_t *", run)[2] = 2
    Lane(-1, int(ffi.cast("uintptr_t", run)), 4, exits=2).run()
    assert ffi.cast("uint8_t *", run)[2] == 2


def test_a_capacity_must_be_a_size() -> None:
    with pytest.raises(OverflowError):
        Queue(-1, 1)
