# SPDX-License-Identifier: MIT
"""Everything that identifies what was measured, read from this machine.

Figures of two suites compare where these agree (kbench.judge.compat). A value is a number or
one line of text, as pyperf requires of metadata; "none" where the machine lacks it.
"""

import os
import platform
import re
from pathlib import Path

import kbench
from kbench.errors import KbenchError
from kbench.kvm import System, extension
from kbench.kvm.backend import cpu_flags, cpu_model, detect, vendor_module
from kbench.record import energy
from kbench.record.quota import cpu_quota
from kbench.record.recording import Metadata

CPU = Path("/sys/devices/system/cpu")
KVM_PARAMETERS = Path("/sys/module/kvm/parameters")
LIVE_MODULE = Path("/sys/module/kvm_kbench_live")


def machine() -> Metadata:
    """The provenance of this machine, its kernel and its KVM."""
    return {
        "kbench_version": kbench.__version__,
        "kbench_backend": detect(),
        "kbench_hypervisor": "yes" if "hypervisor" in cpu_flags() else "no",
        "kbench_cpu_model": cpu_model(),
        "kbench_kernel": platform.release(),
        "kbench_kvm_srcversion": kvm_srcversion(),
        "kbench_extension": extension_loaded(),
        "kbench_halt_poll_ns": text(KVM_PARAMETERS / "halt_poll_ns"),
        "kbench_nx_huge_pages": text(KVM_PARAMETERS / "nx_huge_pages"),
        "kbench_governor": text(CPU / "cpu0/cpufreq/scaling_governor"),
        "kbench_boost": boost(),
        "kbench_idle_driver": text(CPU / "cpuidle/current_driver"),
        "kbench_smt": text(CPU / "smt/control"),
        "kbench_isolcpus": text(CPU / "isolated"),
        "kbench_nohz_full": text(CPU / "nohz_full"),
        "kbench_mitigations": mitigations(),
        "kbench_thp": chosen(text(Path("/sys/kernel/mm/transparent_hugepage/enabled"))),
        "kbench_clocksource": text(
            Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
        ),
        "kbench_tick_hz": tick_hz(),
        "kbench_energy": energy.meter(),
    }


def process() -> Metadata:
    """The provenance of this process: its CPUs and quota, policy, timer slack, and the load."""
    policies = {os.SCHED_OTHER: "SCHED_OTHER", os.SCHED_FIFO: "SCHED_FIFO", os.SCHED_RR: "SCHED_RR"}
    policy = os.sched_getscheduler(0)
    limit = cpu_quota()
    return {
        "kbench_affinity": " ".join(map(str, sorted(os.sched_getaffinity(0)))),
        "kbench_sched_policy": policies.get(policy, str(policy)),
        "kbench_timer_slack_ns": text(Path("/proc/self/timerslack_ns")),
        "kbench_load": round(os.getloadavg()[0], 2),
        # A condition only where there is one: suites of before say nothing of it.
        **({} if limit is None else {"kbench_cpu_quota": limit}),
    }


def text(path: Path) -> str:
    """The one line of a sysfs file; "none" where it is missing, empty or unreadable."""
    try:
        return path.read_text().strip() or "none"
    except OSError:
        return "none"


def extension_loaded() -> str:
    """What this KVM has of the extension (ext/kvm): `modules 0x7ff`, `live 0x3`, or "none".

    "live" is the module beside an unmodified KVM; the number is what KVM_CAP_KBENCH answers,
    a KVM_KBENCH_* bit for each mechanism.
    """
    try:
        with System() as system:
            bits = extension.mechanisms(system)
    except KbenchError:
        return "none"  # there is no KVM to have it
    if LIVE_MODULE.is_dir():
        return f"live {bits:#x}"
    return f"modules {bits:#x}" if bits else "none"


def boost() -> str:
    """Whether the CPU may exceed its nominal frequency (turbo): "on", "off", or "none"."""
    match text(CPU / "intel_pstate/no_turbo"), text(CPU / "cpufreq/boost"):
        case ("0", _) | (_, "1"):
            return "on"
        case ("1", _) | (_, "0"):
            return "off"
    return "none"


def chosen(choices: str) -> str:
    """The choice in force of a sysfs file that lists all: `madvise` of `always [madvise] never`."""
    found = re.search(r"\[(\w+)\]", choices)
    return found[1] if found else choices


def kvm_srcversion() -> str:
    """The source hashes of kvm.ko and its vendor module, "built-in" where they are not modules."""
    modules = [name for name in ("kvm", vendor_module()) if name]
    versions = [text(Path("/sys/module") / name / "srcversion") for name in modules]
    return " ".join("built-in" if version == "none" else version for version in versions) or "none"


def mitigations() -> str:
    """The CPU vulnerabilities that affect this machine: `spectre_v2=mitigated ...`."""
    states = {
        path.name: text(path).split(":")[0].split(";")[0].strip()
        for path in sorted((CPU / "vulnerabilities").glob("*"))
    }
    words = {"Mitigation": "mitigated", "Vulnerable": "vulnerable"}
    affected = (
        f"{name}={words.get(state, state.replace(' ', '-'))}"
        for name, state in states.items()
        if state != "Not affected"
    )
    return " ".join(affected) or "none"


def tick_hz() -> str:
    """CONFIG_HZ of the running kernel, or "none" where its configuration cannot be read."""
    boot = Path(f"/boot/config-{platform.release()}")
    try:
        config = boot.read_text() if boot.exists() else _running_config()
    except OSError:
        return "none"
    found = re.search(r"^CONFIG_HZ=(\d+)$", config, re.M)
    return found[1] if found else "none"


def _running_config() -> str:
    import gzip

    with gzip.open("/proc/config.gz", "rt") as config:
        return config.read()
