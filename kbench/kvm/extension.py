# SPDX-License-Identifier: MIT
"""The KVM extension (ext/kvm/), where the loaded modules have it.

Its user ABI is ext/kvm/include/kvm_kbench.h: one capability, bytes of struct
kvm_run that are padding elsewhere, and KVM_ENABLE_CAP on the vCPU.
"""

from collections.abc import Iterable
from errno import EOPNOTSUPP
from functools import reduce
from operator import or_

from kbench._abi import ffi, lib
from kbench.errors import Unavailable
from kbench.kvm.errors import IoctlError
from kbench.kvm.system import System
from kbench.kvm.vcpu import Vcpu

# What does without another mechanism; the others are used beside KVM_KBENCH_USERSPACE_EXITS.
ALONE = (
    "KVM_KBENCH_USERSPACE_EXITS",
    "KVM_KBENCH_MWAIT_YIELD",
    "KVM_KBENCH_MWAIT_STEP",
    "KVM_KBENCH_MWAIT_LOWPRIO",
    "KVM_KBENCH_MWAIT_MONITOR",
    "KVM_KBENCH_IDLE_FLAG",
)


def mechanisms(system: System) -> int:
    """The KVM_KBENCH_* bits of the loaded modules; 0 without the extension."""
    return system.check_extension("KVM_CAP_KBENCH")


def bits(names: Iterable[str]) -> int:
    """The bits of the mechanisms `names` ("KVM_KBENCH_..."), together."""
    return reduce(or_, (int(getattr(lib, name)) for name in names), 0)


def require(system: System, bits: int, name: str) -> None:
    """Raises Unavailable, naming `name`, where the modules lack any of `bits`."""
    if bits & ~mechanisms(system):
        raise Unavailable(f"this KVM lacks {name}: --target lab --kvm {variant(name)}")


def variant(name: str) -> str:
    """The smallest variant of the modules (ext/kvm/variants.toml) for what needs `name`."""
    own = {mechanism: mechanism.removeprefix("KVM_KBENCH_").lower() for mechanism in ALONE}
    return {**own, "KVM_KBENCH_RFC_V1": "rfc-v1"}.get(name, "all")


def enable(vcpu: Vcpu, bits: int, eventfd: int = -1) -> None:
    """Enable exactly these mechanisms; KVM_KBENCH_VCPU_EVENTFD signals `eventfd`.

    Raises Unavailable for one that cannot be right on this machine (see ext/kvm/README.md,
    "known limits"), IoctlError for one that the modules lack.
    """
    try:
        vcpu.enable_cap("KVM_CAP_KBENCH", bits, eventfd & 0xFFFFFFFF)
    except IoctlError as error:
        if error.errno == EOPNOTSUPP:
            raise Unavailable(
                f"this KVM refuses the mechanisms {bits:#x} here: interrupts are posted without "
                "KVM (IPI virtualization, an assigned device), or the guest is encrypted"
            ) from error
        raise


def write(vcpu: Vcpu, offset: int, value: int) -> None:
    """Set a byte of kvm_run (KVM_RUN_KBENCH_*); the kernel reads it at any time."""
    ffi.cast("uint8_t *", vcpu.run)[offset] = value


def read(vcpu: Vcpu, offset: int) -> int:
    """A byte of kvm_run, as it is now."""
    return int(ffi.cast("volatile uint8_t *", vcpu.run)[offset])


def idle(vcpu: Vcpu) -> int:
    """KVM_KBENCH_IDLE_*: what the vCPU does now (idle_flag)."""
    return int((vcpu.run.flags & lib.KVM_RUN_KBENCH_IDLE_MASK) >> lib.KVM_RUN_KBENCH_IDLE_SHIFT)
