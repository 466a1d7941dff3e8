# SPDX-License-Identifier: MIT
"""Every disturbance is found where it is, named with its fix, and not found where it is not."""

import pytest

from kbench.doctor.disturbances import checks, facts, steal_share
from kbench.record.recording import Metadata

QUIET: Metadata = {
    "kbench_hypervisor": "no",
    "kbench_governor": "performance",
    "kbench_boost": "off",
    "kbench_idle_driver": "none",
    "kbench_smt": "off",
    "kbench_clocksource": "tsc",
    "kbench_mitigations": "spectre_v1=vulnerable",
    "kbench_thp": "madvise",
    "kbench_load": 0.1,
    "kbench_isolcpus": "3",
    "kbench_nohz_full": "3",
    "kbench_tick_hz": "250",
    "kbench_timer_slack_ns": "1",
    "kbench_halt_poll_ns": "0",
    "steal_share": 0.0,
    "fifo": "permitted",
    "qemu": "/usr/bin/qemu-system-x86_64",
    "clocksources": "tsc hpet acpi_pm",
    "last_cpu": 3,
    "clocks": "4 CPUs within 90 ticks, guests too",
    "clocks_agree": "yes",
}
DISTURBED: dict[str, tuple[str, str | float, str]] = {
    "hypervisor": ("kbench_hypervisor", "yes", "bare metal"),
    "steal": ("steal_share", 0.05, "dedicated CPUs"),
    "governor": ("kbench_governor", "powersave", "cpupower frequency-set -g performance"),
    "boost": ("kbench_boost", "on", "cpufreq/boost"),
    "SMT": ("kbench_smt", "on", "echo off > /sys/devices/system/cpu/smt/control"),
    "idle driver": ("kbench_idle_driver", "intel_idle", "cpupower idle-set -D 2"),
    "clocksource": ("kbench_clocksource", "hpet", "echo tsc >"),
    "clocks": ("clocks_agree", "no", "--cpu N"),
    "mitigations": ("kbench_mitigations", "spectre_v2=mitigated", "mitigations=off"),
    "THP": ("kbench_thp", "always", "echo madvise >"),
    "load": ("kbench_load", 3.0, "--cpu"),
    "CPU quota": ("kbench_cpu_quota", 0.2, "cpu.max"),
    "isolcpus": ("kbench_isolcpus", "none", "isolcpus=3"),
    "ticks": ("kbench_nohz_full", "none", "nohz_full=3"),
    "timer slack": ("kbench_timer_slack_ns", "50000", "/proc/$$/timerslack_ns"),
    "SCHED_FIFO": ("fifo", "forbidden", "chrt -f 50"),
    "halt_poll_ns": ("kbench_halt_poll_ns", "200000", "parameters/halt_poll_ns"),
    "QEMU": ("qemu", "none", "sudo apt-get install --no-install-recommends qemu-system-x86"),
}


def test_a_quiet_machine_has_nothing_to_mend() -> None:
    assert [check.name for check in checks(QUIET) if not check.ok] == []
    assert {check.name for check in checks(QUIET)} == set(DISTURBED)


@pytest.mark.parametrize("name", DISTURBED)
def test_each_disturbance_alone(name: str) -> None:
    key, value, fix = DISTURBED[name]
    (found,) = (check for check in checks({**QUIET, key: value}) if not check.ok)
    assert found.name == name
    assert fix in found.fix
    assert found.why


def test_a_tsc_that_the_kernel_has_given_up_is_no_choice() -> None:
    """As on a machine booted with tsc=unstable: writing "tsc" there changes nothing."""
    lost = {**QUIET, "kbench_clocksource": "hpet", "clocksources": "hpet acpi_pm"}
    (found,) = (check for check in checks(lost) if not check.ok)
    assert found.name == "clocksource" and "tsc=reliable" in found.fix


def test_an_empty_list_is_none() -> None:
    (found,) = (check for check in checks({**QUIET, "kbench_nohz_full": "(null)"}) if not check.ok)
    assert found.found == "250 Hz, nohz_full none"


def test_a_virtual_machine_without_cpufreq_is_not_told_to_set_it() -> None:
    names = ("kbench_governor", "kbench_boost", "kbench_idle_driver", "kbench_halt_poll_ns")
    lacking = {**QUIET, **dict.fromkeys(names, "none"), "kbench_smt": "notsupported"}
    assert all(check.ok for check in checks(lacking))


def test_this_machines_facts_can_be_judged() -> None:
    assert {check.name for check in checks(facts())} == set(DISTURBED)
    assert steal_share(0.01) >= 0
