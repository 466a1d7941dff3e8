# SPDX-License-Identifier: MIT
"""A guest's TSC in ticks of the host's, where KVM could not set the offset to 0."""

from unittest.mock import Mock

from kbench.worker.vm.idle_vcpu import IdleVcpu


def test_it_wraps_as_the_cpu_s_does() -> None:
    idle = IdleVcpu(Mock(), Mock(), 0, Mock(), None, tsc_offset=-(1 << 63), event_fd=-1)
    assert idle.host_tick(5) == (1 << 63) + 5
    assert idle.host_tick((1 << 63) + 5) == 5
