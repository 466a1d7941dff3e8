# SPDX-License-Identifier: MIT
"""Which KVM this is: the label that keeps figures of different backends apart."""

from pathlib import Path
from typing import Literal

Backend = Literal["vmx", "svm", "pvm", "nested", "svm-tcg", "unknown"]

SYS_MODULE = Path("/sys/module")
CPUINFO = Path("/proc/cpuinfo")


def vendor_module() -> str:
    """The loaded vendor module ("kvm_intel", "kvm_amd", "kvm_pvm"), or ""."""
    for name in ("kvm_intel", "kvm_amd", "kvm_pvm"):
        if (SYS_MODULE / name).is_dir():
            return name
    return ""


def cpu_flags() -> frozenset[str]:
    """The CPU flags of /proc/cpuinfo, as its first CPU has them."""
    for line in CPUINFO.read_text().splitlines():
        if line.startswith("flags"):
            return frozenset(line.partition(":")[2].split())
    return frozenset()


def cpu_model() -> str:
    """The CPU's model name as /proc/cpuinfo gives it."""
    for line in CPUINFO.read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown"


def detect() -> Backend:
    """The backend of this machine's KVM.

    "nested" is VMX or SVM that a hypervisor below offers: its exits cost a multiple of the
    hardware's; "svm-tcg" is SVM that QEMU emulates. "pvm" needs no CPU feature at all.
    """
    flags = cpu_flags()
    match vendor_module():
        case "kvm_pvm":
            return "pvm"
        case "kvm_intel":
            backend: Backend = "vmx"
        case "kvm_amd":
            backend = "svm"
        case _:
            backend = "vmx" if "vmx" in flags else "svm" if "svm" in flags else "unknown"
    if backend == "svm" and "TCG" in cpu_model():
        return "svm-tcg"
    return "nested" if "hypervisor" in flags and backend != "unknown" else backend
