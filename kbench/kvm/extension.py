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

# Mechanisms whose variant of the modules (ext/kvm/variants.toml) has another name.
VARIANTS = {"KVM_KBENCH_VCPU_EVENTFD": "vcpu_poll", "KVM_KBENCH_RFC_V1": "rfc-v1"}


def mechanisms(system: System) -> int:
    """The KVM_KBENCH_* bits of the loaded modules; 0 without the extension."""
    return system.check_extension("KVM_CAP_KBENCH")


def bits(names: Iterable[str]) -> int:
    """The bits of the mechanisms `names` ("KVM_KBENCH_..."), together."""
    return reduce(or_, (int(getattr(lib, name)) for name in names), 0)


def require(system: System, *names: str) -> None:
    """Raises Unavailable, with those of the mechanisms `names` that the modules lack."""
    has = mechanisms(system)
    missing = [name for name in dict.fromkeys(names) if getattr(lib, name) & ~has]
    if missing:
        lacks = " and ".join(missing)
        raise Unavailable(f"this KVM lacks {lacks}: --target lab --kvm {variant(*names)}")


def variant(*names: str) -> str:
    """The smallest variant of the modules (ext/kvm/variants.toml) that has all of `names`."""
    if len(set(names)) > 1:
        return "all"
    return VARIANTS.get(names[0]) or names[0].removeprefix("KVM_KBENCH_").lower()


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
