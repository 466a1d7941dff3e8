# SPDX-License-Identifier: MIT
"""Xen's event channels and timer, as a VMM sets them up (Documentation/virt/kvm/api.rst).

In the shared memory an event is a bit, and `evtchn_upcall_pending` of the vCPU's vcpu_info asks
for the upcall: on a vector of the VM, which KVM injects as the PIC's, or on one of the vCPU, which
is an interrupt of its local APIC.
"""

import ctypes
import mmap
import os
import struct
from typing import Any

from selftests.machine import Skip

from kbench.kvm import GuestMemory
from kbench.kvm.errors import IoctlError

# _IOC of <linux/kvm.h>, which kbench itself does not need.
HVM_CONFIG, HVM_SET_ATTR, VCPU_SET_ATTR = 0x4038AE7A, 0x4048AEC9, 0x4048AECB
EVTCHN_SEND, GET_CLOCK = 0x400CAED0, 0x8030AE7C
INTERCEPT_HCALL, CONFIG_EVTCHN_SEND = 1 << 1, 1 << 5
HYPERCALL_MSR = 0x40000000
LONG_MODE, SHARED_INFO, VM_VECTOR = range(3)  # KVM_XEN_ATTR_TYPE_*
VCPU_INFO, VCPU_ID, TIMER, VCPU_VECTOR = 0, 6, 7, 8  # KVM_XEN_VCPU_ATTR_TYPE_*
TWO_LEVELS = 0xFFFFFFFF  # the priority of all events
PAGES, PORT, VECTOR = 0x700000, 5, 0x40  # the shared info, then the vcpu_info; the guest's vector
TARGET = 1  # the vCPU's number


def call(fd: int, request: int, block: bytes) -> bytes:
    """An ioctl on a copy of `block`: that copy afterwards. Raises Skip where KVM has no Xen."""
    libc = ctypes.CDLL(None, use_errno=True)
    copy = ctypes.create_string_buffer(block, len(block))
    if libc.ioctl(fd, ctypes.c_ulong(request), copy) < 0:
        error = ctypes.get_errno()
        if request == HVM_CONFIG:
            raise Skip(f"this KVM has no event channels of Xen: {os.strerror(error)}")
        raise IoctlError(f"{request:#x}", error)
    return copy.raw


def attribute(fd: int, request: int, kind: int, value: bytes) -> None:
    call(fd, request, struct.pack("=H6x", kind) + value.ljust(64, b"\0"))


def arm(target: Any, *, of_the_vcpu: bool) -> None:
    """A guest of Xen whose upcall comes on a vector of the VM, or of its vCPU."""
    flags = INTERCEPT_HCALL | CONFIG_EVTCHN_SEND
    call(target.vm.fd, HVM_CONFIG, struct.pack("=II", flags, HYPERCALL_MSR).ljust(56, b"\0"))
    memory = target.stack.enter_context(GuestMemory(2 * mmap.PAGESIZE, PAGES))
    target.vm.set_user_memory_region(memory)
    for kind, value in (
        (LONG_MODE, b"\1"),
        (SHARED_INFO, struct.pack("=Q", PAGES // mmap.PAGESIZE)),
        (VM_VECTOR, bytes([0 if of_the_vcpu else VECTOR])),
    ):
        attribute(target.vm.fd, HVM_SET_ATTR, kind, value)
    for kind, value in (
        (VCPU_INFO, struct.pack("=Q", PAGES + mmap.PAGESIZE)),
        (VCPU_ID, struct.pack("=I", TARGET)),
        (VCPU_VECTOR, bytes([VECTOR if of_the_vcpu else 0])),
    ):
        attribute(target.one.fd, VCPU_SET_ATTR, kind, value)


def send(target: Any) -> None:
    """The VMM raises the port for the vCPU."""
    call(target.vm.fd, EVTCHN_SEND, struct.pack("=III", PORT, TARGET, TWO_LEVELS))


def timer(target: Any, ns: int) -> None:
    """The vCPU's timer raises the port after so many ns of the guest's clock."""
    (now,) = struct.unpack_from("=Q", call(target.vm.fd, GET_CLOCK, bytes(48)))
    attribute(target.one.fd, VCPU_SET_ATTR, TIMER, struct.pack("=IIQ", PORT, TWO_LEVELS, now + ns))
