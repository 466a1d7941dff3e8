# SPDX-License-Identifier: MIT
"""What on this machine disturbs a measurement, each with its fix; nothing is changed.

`facts()` reads with the functions that a run's provenance comes from; `checks()` judges what
was read.
"""

import os
import resource
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from kbench import distribution
from kbench.doctor.clocks import clocks
from kbench.record import provenance
from kbench.record.recording import Metadata
from kbench.worker.crosscheck.counters import TICK, steal_ticks

WINDOW = 0.5  # seconds over which steal is read: 50 ticks of /proc/stat
STEAL_BOUND = 0.01  # a tenth of what voids a run
LOAD_BOUND = 0.5  # runnable tasks besides kbench
CAP_SYS_NICE = 23

SYS_CPU = "/sys/devices/system/cpu"
CLOCKSOURCE = "/sys/devices/system/clocksource/clocksource0"
# A kernel that has found the TSC unstable takes it no more until it boots again.
USE_TSC = f"echo tsc > {CLOCKSOURCE}/current_clocksource"
TRUST_TSC = (
    "find out why (dmesg | grep -i tsc); if the CPUs' TSCs are in step, boot with tsc=reliable"
)


@dataclass(frozen=True, slots=True)
class Check:
    """One property of the machine: `why` says how it affects figures, "" if it does not."""

    name: str
    found: str
    why: str = ""
    fix: str = ""

    @property
    def ok(self) -> bool:
        return not self.why


def facts() -> Metadata:
    """Provenance of this machine and process, and what only doctor needs."""
    return {
        **provenance.machine(),
        **provenance.process(),
        "steal_share": steal_share(WINDOW),
        "fifo": "permitted" if may_use_fifo() else "forbidden",
        "qemu": shutil.which("qemu-system-x86_64") or "none",
        "clocksources": provenance.text(Path(CLOCKSOURCE) / "available_clocksource"),
        "last_cpu": max(os.sched_getaffinity(0)),
        **_clocks(),
    }


def _clocks() -> Metadata:
    found = clocks()
    return {"clocks": str(found), "clocks_agree": "yes" if found.agree else "no"}


def steal_share(seconds: float) -> float:
    """The fraction of all CPU time that was stolen during `seconds`."""
    before, start = sum(steal_ticks()), time.monotonic()
    time.sleep(seconds)
    stolen = (sum(steal_ticks()) - before) * TICK
    return stolen / (time.monotonic() - start) / (os.cpu_count() or 1)


def may_use_fifo() -> bool:
    """Whether this process may make itself SCHED_FIFO (sched(7), RLIMIT_RTPRIO)."""
    if resource.getrlimit(resource.RLIMIT_RTPRIO)[0] != 0:
        return True
    status = Path("/proc/self/status").read_text()
    effective = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(effective.split()[1], 16) >> CAP_SYS_NICE & 1)


def checks(facts: Metadata) -> list[Check]:
    """All checks, those that usually disturb most first."""
    return [*_machine(facts), *_scheduling(facts), *_kvm(facts)]


def _check(name: str, found: object, disturbs: bool, why: str, fix: str) -> Check:
    return Check(name, str(found), why, fix) if disturbs else Check(name, str(found))


def _machine(facts: Metadata) -> list[Check]:
    governor, driver = facts["kbench_governor"], facts["kbench_idle_driver"]
    return [
        _check(
            "hypervisor", facts["kbench_hypervisor"], facts["kbench_hypervisor"] == "yes",
            "this is a virtual machine: each figure includes the hypervisor below it",
            "measure on bare metal, or count instructions in the lab (--target lab)",
        ),
        _check(
            "steal", f"{float(facts['steal_share']):.1%}",
            float(facts["steal_share"]) > STEAL_BOUND,
            "the hypervisor runs other VMs on these CPUs: round trips then take milliseconds",
            "use a host with dedicated CPUs, or one with fewer vCPUs",
        ),
        _check(
            "governor", governor, governor not in ("performance", "none"),
            "the CPU's frequency follows its load, and every figure follows the frequency",
            "cpupower frequency-set -g performance",
        ),
        _check(
            "boost", facts["kbench_boost"], facts["kbench_boost"] == "on",
            "the CPU's frequency depends on temperature and on the other cores",
            f"echo 0 > {SYS_CPU}/cpufreq/boost (intel_pstate: echo 1 > "
            f"{SYS_CPU}/intel_pstate/no_turbo)",
        ),
        _check(
            "SMT", facts["kbench_smt"], facts["kbench_smt"] == "on",
            "a sibling thread shares the core's execution units and caches",
            f"echo off > {SYS_CPU}/smt/control",
        ),
        _check(
            "idle driver", driver, driver not in ("haltpoll", "none"),
            "a pCPU in a deep C-state takes up to some 100 us to wake",
            "cpupower idle-set -D 2",
        ),
        _check(
            "clocksource", facts["kbench_clocksource"], facts["kbench_clocksource"] != "tsc",
            "the kernel does not trust the TSC, which kbench reads its time stamps from",
            USE_TSC if "tsc" in str(facts["clocksources"]).split() else TRUST_TSC,
        ),
        _check(
            "clocks", facts["clocks"], facts["clocks_agree"] == "no",
            "stamps of two CPUs, or of guest and host, are out of order: such runs are void",
            "kbench run --cpu N on one CPU; a kernel with a synchronized TSC (dmesg | grep -i tsc)",
        ),
        _check(
            "mitigations", facts["kbench_mitigations"],
            "=mitigated" in str(facts["kbench_mitigations"]),
            "mitigations lengthen exits: compare only machines with the same ones",
            "kernel command line: mitigations=off (on a dedicated benchmark machine only)",
        ),
        _check(
            "THP", facts["kbench_thp"], facts["kbench_thp"] == "always",
            "khugepaged may collapse guest memory while a benchmark runs",
            "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
        ),
    ]  # fmt: skip


def _scheduling(facts: Metadata) -> list[Check]:
    cpu = facts["last_cpu"]
    quota = facts.get("kbench_cpu_quota")
    isolated, nohz = facts["kbench_isolcpus"], facts["kbench_nohz_full"]
    if nohz == "(null)":  # as Linux 6.1 prints an empty list
        nohz = "none"
    slack = str(facts["kbench_timer_slack_ns"])
    return [
        _check(
            "load", facts["kbench_load"], float(facts["kbench_load"]) > LOAD_BOUND,
            "other tasks take CPU time and evict caches",
            "stop them (top lists them), or measure on an isolated CPU with --cpu",
        ),
        _check(
            "CPU quota", "none" if quota is None else f"{quota} CPUs", quota is not None,
            "this control group is throttled for milliseconds once it has used its quota",
            "run outside it: cpu.max of the group, docker --cpus, systemd's CPUQuota",
        ),
        _check(
            "isolcpus", isolated, isolated == "none",
            "the scheduler may place other tasks on any CPU",
            f"kernel command line: isolcpus={cpu}; then kbench run --cpu {cpu}",
        ),
        _check(
            "ticks", f"{facts['kbench_tick_hz']} Hz, nohz_full {nohz}", nohz == "none",
            "the timer tick interrupts the guest at this rate",
            f"kernel command line: nohz_full={cpu} rcu_nocbs={cpu}; then kbench run --cpu {cpu}",
        ),
        _check(
            "timer slack", f"{slack} ns", slack.isdigit() and int(slack) > 1,
            "timed sleeps end up to this late, and wakeup latencies include it",
            "echo 1 > /proc/$$/timerslack_ns, in the shell that starts kbench",
        ),
        _check(
            "SCHED_FIFO", facts["fifo"], facts["fifo"] == "forbidden",
            "any task may preempt a vCPU for a whole time slice",
            "'USER - rtprio 50' in /etc/security/limits.conf; then chrt -f 50 kbench run",
        ),
    ]  # fmt: skip


def _kvm(facts: Metadata) -> list[Check]:
    polling = facts["kbench_halt_poll_ns"]
    return [
        _check(
            "halt_poll_ns", polling, polling not in ("0", "none"),
            "KVM polls this long before an idle vCPU sleeps, unless a benchmark sets it",
            "echo 0 > /sys/module/kvm/parameters/halt_poll_ns",
        ),
        _check(
            "QEMU", facts["qemu"], facts["qemu"] == "none",
            "the lab, which counts instructions without /dev/kvm, needs QEMU",
            distribution.install("qemu-system-x86"),
        ),
    ]  # fmt: skip
