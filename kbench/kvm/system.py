# SPDX-License-Identifier: MIT
"""/dev/kvm itself."""

import os
from typing import Any

from kbench._abi import ffi, lib
from kbench.errors import KbenchError
from kbench.kvm.errors import IoctlError
from kbench.kvm.handle import Handle
from kbench.kvm.vm import Vm

API_VERSION = 12  # constant since 2007; api.rst: applications should refuse any other


class System(Handle):
    """The KVM of this machine. Raises IoctlError where it cannot be opened."""

    def __init__(self, path: str = "/dev/kvm") -> None:
        try:
            super().__init__(os.open(path, os.O_RDWR | os.O_CLOEXEC))
        except OSError as error:
            raise IoctlError("open", error.errno or 0) from None
        try:
            version = self.ioctl("KVM_GET_API_VERSION")
            if version != API_VERSION:
                raise KbenchError(f"{path} speaks KVM API {version}; kbench needs {API_VERSION}")
        except KbenchError:
            self.close()
            raise

    def check_extension(self, name: str) -> int:
        """KVM_CHECK_EXTENSION of "KVM_CAP_...": 0 means absent; the capability defines the rest."""
        return self.ioctl("KVM_CHECK_EXTENSION", getattr(lib, name))

    def create_vm(self) -> Vm:
        run_size = self.vcpu_mmap_size()
        return Vm(self.ioctl("KVM_CREATE_VM"), run_size)

    def vcpu_mmap_size(self) -> int:
        """KVM_GET_VCPU_MMAP_SIZE: bytes of struct kvm_run and what follows it."""
        return self.ioctl("KVM_GET_VCPU_MMAP_SIZE")

    # KVM_CAP_EXT_CPUID
    def get_supported_cpuid(self) -> Any:
        """KVM_GET_SUPPORTED_CPUID: a struct kvm_cpuid2 that set_cpuid2() takes."""
        cpuid = ffi.new("struct kvm_cpuid2 *", {"entries": 256})
        cpuid.nent = 256
        self.ioctl("KVM_GET_SUPPORTED_CPUID", cpuid)
        return cpuid
