# SPDX-License-Identifier: MIT
"""KVM's control plane: System (/dev/kvm), Vm, Vcpu, and what hangs off them.

One method an ioctl, named after it, with the capability it needs above it. The timed
path is not here: it is ext/native.
"""

from kbench.kvm.errors import IoctlError
from kbench.kvm.memory import GuestMemory
from kbench.kvm.stats import Stats
from kbench.kvm.system import System
from kbench.kvm.vcpu import Vcpu
from kbench.kvm.vm import Vm

__all__ = ["GuestMemory", "IoctlError", "Stats", "System", "Vcpu", "Vm"]
