# SPDX-License-Identifier: MIT
"""Probes of a vCPU: what each says of a halted one and of a runnable one."""

import os
import signal

import pytest
from support.machine import machine

from kbench._abi import ffi, lib
from kbench._native import mp_state_probe
from kbench._native.mp_state_probe import MpStateProbe


def says(probe: MpStateProbe) -> int:
    ticks, said = mp_state_probe.cost(probe, 3)
    assert len(ticks) == 3 and all(ticks)
    return said


@pytest.mark.kvm
def test_mp_state_of_a_vcpu() -> None:
    with machine(irqchip=True) as made:
        probe = mp_state_probe.get(made.vcpu.fd)
        assert says(probe) == 3
        made.vcpu.set_mp_state(lib.KVM_MP_STATE_HALTED)
        assert says(probe) == 0


def test_the_extension_s_words_in_kvm_run() -> None:
    run = ffi.new("struct kvm_run *")
    address = int(ffi.cast("uintptr_t", run))
    bytes_ = ffi.cast("uint8_t *", run)
    bytes_[lib.KVM_RUN_KBENCH_MP_STATE] = lib.KVM_KBENCH_MP_STATE_VALID | lib.KVM_MP_STATE_HALTED
    run.flags = lib.KVM_KBENCH_IDLE_HLT << lib.KVM_RUN_KBENCH_IDLE_SHIFT
    assert says(mp_state_probe.byte(address)) == says(mp_state_probe.flag(address)) == 0
    bytes_[lib.KVM_RUN_KBENCH_MP_STATE] = lib.KVM_KBENCH_MP_STATE_VALID
    run.flags = lib.KVM_KBENCH_IDLE_RUNNING << lib.KVM_RUN_KBENCH_IDLE_SHIFT
    assert says(mp_state_probe.byte(address)) == says(mp_state_probe.flag(address)) == 3


def test_an_eventfd_says_it_once() -> None:
    fd = os.eventfd(1, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    probe = mp_state_probe.eventfd(fd)
    assert mp_state_probe.cost(probe, 1)[1] == 1
    assert mp_state_probe.cost(probe, 1)[1] == 0
    os.close(fd)


@pytest.mark.kvm
def test_blocking_of_the_stats_fd() -> None:
    with machine(irqchip=True) as made, made.vcpu.get_stats_fd() as stats:
        assert says(mp_state_probe.stats(stats.fd, stats.offset("blocking"))) == 3


@pytest.mark.kvm
def test_a_kick_leaves_no_signal_behind() -> None:
    with machine(irqchip=True) as made:
        probe = mp_state_probe.kick(made.vcpu.fd)
        made.vcpu.set_mp_state(lib.KVM_MP_STATE_HALTED)
        made.vcpu.set_signal_mask(0)
        old = signal.pthread_sigmask(signal.SIG_BLOCK, {probe.signal})
        try:
            assert says(probe) == 0
            assert probe.signal not in signal.sigpending()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, old)


@pytest.mark.kvm
def test_the_probes_end_at_their_limit() -> None:
    with machine(irqchip=True) as made:
        made.vcpu.set_mp_state(lib.KVM_MP_STATE_HALTED)
        message = ffi.new("struct kvm_msi *", {"address_lo": 0xFEE00000, "data": lib.KB_VECTOR})
        address = int(ffi.cast("uintptr_t", message))
        _, probing, number = mp_state_probe.until_runnable(
            mp_state_probe.get(made.vcpu.fd), made.vm.fd, address, 50
        )
        assert probing and number == 0
