# SPDX-License-Identifier: MIT
"""A failed ioctl as one line: which ioctl, which errno, and the likely cause."""

import errno
import os
from pathlib import Path

from kbench.errors import KbenchError

DEVICE = Path("/dev/kvm")
# (ioctl, errno) -> likely cause; "" is any ioctl. The first match wins.
CAUSES = {
    ("open", errno.ENOENT): "there is no /dev/kvm: load kvm_intel or kvm_amd, enable VT-x or "
    "AMD-V in the firmware, or use --target lab",
    ("open", errno.EPERM): "a seccomp filter or the device cgroup of a container forbids it: "
    "start the container with --device /dev/kvm (--target lab measures without it)",
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
        if (name, number) == ("open", errno.EACCES):
            cause = f"{permission(DEVICE)} (--target lab measures without it)"
        else:
            cause = CAUSES.get((name, number)) or CAUSES.get(("", number), "")
        code = errno.errorcode.get(number, str(number))
        what = "/dev/kvm" if name == "open" else name
        super().__init__(
            f"{what}: {os.strerror(number)} ({code})" + (f": {cause}" if cause else "")
        )


def permission(device: Path) -> str:
    """Why this user may not open `device`, and how to be let in."""
    import grp
    import stat

    try:
        status = device.stat()
    except OSError:
        return "it cannot be examined"
    if not status.st_gid or not status.st_mode & stat.S_IWGRP:
        return (
            f"its mode lets in nobody but its owner: sudo chmod 666 {device}, until the next boot"
        )
    try:
        group = grp.getgrgid(status.st_gid).gr_name
    except KeyError:  # a device of the host's in a container
        return (
            f"you are not in its group {status.st_gid}: "
            f"start the container with --group-add {status.st_gid}"
        )
    return f"you are not in its group {group}: sudo usermod -aG {group} USER, then log in again"
