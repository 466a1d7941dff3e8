# SPDX-License-Identifier: MIT
"""A file descriptor of KVM, and the one place where an ioctl is made."""

import os
from typing import Any, Self

from kbench._abi import ffi, lib
from kbench.kvm.errors import IoctlError


class Handle:
    """Owns `fd`; a context manager. Closing twice is harmless."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def ioctl(self, name: str, argument: Any = 0) -> int:
        """Make the ioctl `name` with an integer or a cffi pointer; its result, >= 0.

        Raises IoctlError. The GIL is released meanwhile (cffi, API mode).
        """
        result: int = lib.kb_ioctl(self.fd, getattr(lib, name), ffi.cast("void *", argument))
        if result < 0:
            raise IoctlError(name, ffi.errno)
        return result

    def enable_cap(self, name: str, *args: int) -> None:
        """KVM_ENABLE_CAP of the capability `name` ("KVM_CAP_..."), with up to 4 arguments."""
        cap = ffi.new("struct kvm_enable_cap *", {"cap": getattr(lib, name), "args": list(args)})
        self.ioctl("KVM_ENABLE_CAP", cap)
