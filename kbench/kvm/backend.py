# SPDX-License-Identifier: MIT
"""Which KVM this is: a label, so that figures of different backends are never compared."""

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
    """The CPU flags of the first CPU in /proc/cpuinfo."""
    for line in CPUINFO.read_text().splitlines():
        if line.startswith("flags"):
            return frozenset(line.partition(":")[2].split())
    return frozenset()


def cpu_model() -> str:
    """The model name of the first CPU in /proc/cpuinfo, or "unknown"."""
    for line in CPUINFO.read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown"


def detect() -> Backend:
    """The backend of this machine's KVM.

    "nested" is VMX or SVM offered by a hypervisor: exits cost a multiple of the hardware's.
    "svm-tcg" is SVM emulated by QEMU. "pvm" needs no CPU feature.
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
