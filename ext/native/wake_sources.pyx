# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""What the waker can fire: each way to wake a vCPU, and the arrival of work."""

from cpython cimport array
import array

from kbench._native.vcpu_thread cimport POLLIN, VcpuThread
from kbench._native.work cimport WorkQueue

_FINDS = {"kick": NOTED, "flag": FLAG, "byte": BYTE, "poll": POLLED, "ask": ASKED}


cdef class WakeSource:
    """An event that the waker fires; made by one of the functions below."""

    def reset(self):
        """Forget the hunts of the last window."""
        self.state.hunts = self.state.signals = 0

    @property
    def signals(self):
        """Signals that the hunts sent."""
        return self.state.signals

    @property
    def hits(self):
        """By hunt, whether it found an idle vCPU (1) or none (0)."""
        return self._hits[:min(self.state.hunts, self.state.capacity)]


def _source(Kind kind, int fd=-1, size_t address=0, WorkQueue queue=None, vcpu_threads=()):
    cdef WakeSource source = WakeSource()
    cdef Wake *wake = &source.state
    cdef VcpuThread vcpu_thread
    wake.kind, wake.fd, wake.address = kind, fd, address
    wake.queue = &queue.state if queue is not None else NULL
    for vcpu_thread in vcpu_threads:
        wake.threads[wake.count] = &vcpu_thread.state
        wake.polled[wake.count].fd = vcpu_thread.state.fd
        wake.polled[wake.count].events = POLLIN
        wake.count += 1
    source.keep = (queue, vcpu_threads)
    return source


def timer():
    return _source(TIMER)


def eventfd(int fd):
    return _source(WRITE, fd)


def signal_msi(int vm, size_t message):
    """`message` is the address of a struct kvm_msi."""
    return _source(MSI, vm, message)


def enter(int vcpu):
    return _source(ENTER, vcpu)


def kick(VcpuThread vcpu_thread):
    return _source(KICK, vcpu_threads=(vcpu_thread,))


def store(size_t address):
    """`address` is the host's, of an aligned 32-bit word."""
    return _source(STORE, address=address)


def enqueue(WorkQueue queue, int fd):
    return _source(ENQUEUE, fd, queue=queue)


def hunt(WorkQueue queue, vcpu_threads, str how="kick"):
    """`how` an idle vCPU is found: "kick", "flag", "byte", "poll" or "ask" (enum Find).

    Raises ValueError for more than MAX_VCPUS vCPUs.
    """
    if len(vcpu_threads) > MAX_VCPUS:
        raise ValueError(f"a hunt takes up to {MAX_VCPUS} vCPUs, not {len(vcpu_threads)}")
    cdef WakeSource source = _source(HUNT, queue=queue, vcpu_threads=tuple(vcpu_threads))
    source.state.find = _FINDS[how]
    source.state.capacity = queue.state.capacity
    source._hits = array.array("B", bytes(queue.state.capacity))
    source.state.hits = (<array.array>source._hits).data.as_uchars
    return source
