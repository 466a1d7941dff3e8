# SPDX-License-Identifier: MIT
"""What can go wrong in having a kernel and its modules, one named error each."""

from kbench.errors import ToolError


class KernelError(ToolError):
    """A kernel, its sources or its modules cannot be had."""


class PackageUnavailable(KernelError):
    """Debian's packages of a kernel cannot be had."""


class BuildFailed(KernelError):
    """A kernel does not build, or its configuration lacks what the lab needs."""


class NoSpace(KernelError):
    """The cache's file system, or the one of temporary files, is full."""


class CacheBusy(KernelError):
    """Another process has held a cache entry's lock for too long."""
