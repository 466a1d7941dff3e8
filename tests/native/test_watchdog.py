# SPDX-License-Identifier: MIT
"""The watchdog ends a KVM_RUN that does not return, and no other."""

import errno
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from support.cli import wait_for
from support.machine import histogram, in_threads, machine, round_trips

from kbench._native.watchdog import Watchdog


@pytest.mark.kvm
@pytest.mark.parametrize(
    ("guest", "irqchip"), [("spin", False), ("hlt", True)], ids=["running", "halted in the kernel"]
)
def test_ends_a_guest_that_hangs(guest: str, irqchip: bool) -> None:
    with machine(guest, irqchip=irqchip) as m:
        start = time.monotonic()
        recorded = histogram(m.vcpu)
        assert round_trips(m.vcpu, 1, recorded, 0.3) == (0, errno.EINTR, True)
        assert time.monotonic() - start < 10
        assert m.vcpu.run.immediate_exit == 0, "the next KVM_RUN must enter the guest"


@pytest.mark.kvm
def test_leaves_a_loop_alone_that_outlasts_its_limit() -> None:
    limit, count, took = 0.5, 50_000, 0.0  # a busy machine may hold one KVM_RUN up by a tenth of it
    with machine("pio_out") as m:
        while took < 3 * limit:
            start = time.monotonic()
            assert round_trips(m.vcpu, count, histogram(m.vcpu), limit) == (count, 0, False)
            took, count = time.monotonic() - start, 4 * count


@pytest.mark.kvm
def test_each_thread_has_its_own() -> None:
    """Only the vCPU that hangs is ended."""
    with machine("spin") as stuck, machine("pio_out") as fine:
        results = in_threads(
            partial(round_trips, stuck.vcpu, 1, histogram(stuck.vcpu), 0.3),
            partial(round_trips, fine.vcpu, 20_000, histogram(fine.vcpu), 5),
        )
        assert results == [(0, errno.EINTR, True), (20_000, 0, False)]


@pytest.mark.parametrize("limit", [0, -1, float("nan")])
def test_a_limit_must_be_positive(limit: float) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Watchdog(0, limit)


def test_a_worker_dies_with_its_parent() -> None:
    """SIGKILL of the parent reaches the child through the kernel (PR_SET_PDEATHSIG)."""
    child = (
        "from kbench._native.watchdog import die_with_parent; die_with_parent();"
        "print(flush=True); import time; time.sleep(60)"
    )
    parent = (
        "import subprocess, sys, time;"
        f"p = subprocess.Popen([sys.executable, '-P', '-c', {child!r}], stdout=subprocess.PIPE);"
        "p.stdout.readline(); print(p.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-P", "-c", parent]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        os.kill(process.pid, signal.SIGKILL)
    wait_for(lambda: not _lives(pid), "the child of a killed parent ends")


def _lives(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
