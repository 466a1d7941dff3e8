# SPDX-License-Identifier: MIT
"""How the thread of a virtual processor learns that VTL1 has an interrupt, by method."""

import os
import select
from collections.abc import Callable
from contextlib import ExitStack

from kbench._abi import ffi, lib
from kbench._native import vtl
from kbench._native.vtl import VirtualProcessor
from kbench.kvm import extension
from kbench.kvm.vm import Msi
from kbench.worker.vm import idle_vm
from kbench.worker.vm.idle_vm import IdleVm

TO_VTL1 = Msi(data=lib.KB_VECTOR, address=0xFEE01000)  # APIC id 1
ROUTED = ("kick", "flag")  # methods in which the VMM sends the MSI


class Tellers:
    """A method, set up on `vm`, whose vCPUs are VTL0 and VTL1.

    `device` is the eventfd that the device writes. `jobs` are threads of the VMM that tell
    `processor`; none where it waits for the vCPUs. `bit` is the mechanism to enable, or 0.
    """

    def __init__(
        self, method: str, bit: int, processor: VirtualProcessor, vm: IdleVm, stack: ExitStack,
        *, idle: bool,
    ) -> None:  # fmt: skip
        self._stack = stack
        self._ends: list[int] = []  # eventfds whose readers must see the end
        self.device = vm.eventfd
        vm.vm.set_gsi_routing([(idle_vm.GSI_MSI, TO_VTL1)])
        message = {"address_lo": TO_VTL1.address, "data": TO_VTL1.data}
        self._message = ffi.new("struct kvm_msi *", message)
        self.jobs: list[Callable[[], None]] = []
        if method == "exit":
            return
        if method == "device":
            self._by_device(processor, vm)
        elif method in ROUTED:
            self.jobs = [self._routed(method, bit, processor, vm)]
        else:
            self.jobs = self._by_mechanism(method, bit, processor, vm, idle)

    def _routed(
        self, method: str, bit: int, processor: VirtualProcessor, vm: IdleVm
    ) -> Callable[[], None]:
        self.device = fd = self._eventfd()
        if method == "flag":
            extension.enable(vm.vcpus[0].vcpu, bit)
            processor.idle_only()
        message = int(ffi.cast("uintptr_t", self._message))
        return lambda: vtl.relay(processor, fd, vm.vm.fd, message)

    def _by_device(self, processor: VirtualProcessor, vm: IdleVm) -> None:
        """The processor's own thread waits for the eventfds of both VTLs' devices."""
        self.device = self._eventfd()
        zero = vm.vcpus[0].vcpu
        extension.enable(zero, lib.KVM_KBENCH_USERSPACE_EXITS)
        extension.write(zero, lib.KVM_RUN_KBENCH_EXITS, lib.KVM_KBENCH_EXIT_HLT)
        processor.wait_for(self._eventfd(), self.device, True)
        processor.route(vm.vm.fd, int(ffi.cast("uintptr_t", self._message)))

    def _by_mechanism(
        self, method: str, bit: int, processor: VirtualProcessor, vm: IdleVm, idle: bool
    ) -> list[Callable[[], None]]:
        zero, one = (each.vcpu for each in vm.vcpus[:2])
        eventfds = method == "eventfd"
        fds = (self._eventfd(), self._eventfd()) if eventfds else (zero.fd, one.fd)
        extension.enable(one, bit, fds[1])
        if idle:
            extension.enable(zero, bit | lib.KVM_KBENCH_USERSPACE_EXITS, fds[0])
            extension.write(zero, lib.KVM_RUN_KBENCH_EXITS, lib.KVM_KBENCH_EXIT_HLT)
            processor.wait_for(*fds, eventfds)
            return []
        if eventfds:
            return [lambda: vtl.relay(processor, fds[1], -1, 0)]
        # Edge-triggered: POLLPRI stays until VTL1 has taken its interrupt.
        epoll = self._stack.enter_context(select.epoll())
        epoll.register(one.fd, select.EPOLLPRI | select.EPOLLET)
        epoll.register(self._eventfd(), select.EPOLLIN)
        return [lambda: vtl.watch(processor, epoll.fileno())]

    def _eventfd(self) -> int:
        fd = os.eventfd(0, os.EFD_CLOEXEC)
        self._stack.callback(os.close, fd)
        self._ends.append(fd)
        return fd

    def reset(self) -> None:
        """Take back what end() wrote."""
        for fd in self._ends:
            if select.select([fd], [], [], 0)[0]:
                os.eventfd_read(fd)

    def end(self) -> None:
        """Wake whoever reads: the processor has been stopped."""
        for fd in self._ends:
            os.eventfd_write(fd, 1)
