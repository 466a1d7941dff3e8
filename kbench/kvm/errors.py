# SPDX-License-Identifier: MIT
"""A failed ioctl as one line: which ioctl, which errno, and the likely cause."""

import errno
import os

from kbench.errors import KbenchError

# (ioctl, errno) -> likely cause; "" is any ioctl. The first match wins.
CAUSES = {
    ("open", errno.ENOENT): "there is no /dev/kvm: load kvm_intel or kvm_amd, enable VT-x or "
    "AMD-V in the firmware, or use --target lab",
    ("open", errno.EACCES): "you may not open it: join its group (usermod -aG kvm USER) and "
    "log in again, or use --target lab",
    ("open", errno.EPERM): "a seccomp filter or the device cgroup of a container forbids it",
    ("open", errno.ENODEV): "the CPU offers neither vmx nor svm, and no pvm module is loaded",
    ("open", errno.ENXIO): "the CPU offers neither vmx nor svm, and no pvm module is loaded",
    ("KVM_GET_API_VERSION", errno.ENOTTY): "/dev/kvm is not KVM's device",
    ("KVM_CREATE_VM", errno.EBUSY): "another hypervisor (VirtualBox, VMware) holds the CPU's "
    "virtualization",
    ("KVM_CREATE_VM", errno.EIO): "the firmware has locked virtualization off",
    ("KVM_CREATE_VM", errno.ENOMEM): "no memory, or RLIMIT_MEMLOCK",
    ("KVM_RUN", errno.ENOEXEC): "the vCPU's registers or its memory are not set up",
    ("", errno.ENOTTY): "this kernel's KVM has no such ioctl",
    ("", errno.EPERM): "a seccomp filter or a security module forbids it",
    ("", errno.EACCES): "a security module forbids it",
    ("", errno.EMFILE): "too many open files: raise ulimit -n",
    ("", errno.EEXIST): "it exists already, or was set up in the wrong order",
    ("", errno.EINVAL): "this backend does not support the request",
}


class IoctlError(KbenchError):
    """`name` failed with `errno`; the message names both and the likely cause."""

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.errno = number
        cause = CAUSES.get((name, number)) or CAUSES.get(("", number), "")
        code = errno.errorcode.get(number, str(number))
        what = "/dev/kvm" if name == "open" else name
        super().__init__(
            f"{what}: {os.strerror(number)} ({code})" + (f": {cause}" if cause else "")
        )
