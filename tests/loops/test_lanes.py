# SPDX-License-Identifier: MIT
"""A lane without a vCPU: it fails with a reason, and can be used again."""

from kbench._abi import ffi
from kbench._loops.lanes import Lane


def test_a_lane_that_cannot_run_says_why() -> None:
    run = ffi.new("struct kvm_run *")
    lane = Lane(-1, int(ffi.cast("uintptr_t", run)), 4)
    lane.run()
    assert lane.ended and lane.failure[0] == 9  # EBADF
    lane.reset()
    assert not lane.ended and lane.failure == (0, 0, False)


def test_the_extension_s_byte_is_read_when_the_lane_is_made() -> None:
    run = ffi.new("struct kvm_run *")
    ffi.cast("uint8_t *", run)[2] = 2
    Lane(-1, int(ffi.cast("uintptr_t", run)), 4, waits="block").run()
    assert ffi.cast("uint8_t *", run)[2] == 2
