# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""Helper threads: one does the VMM's work, one competes for the pCPU, one only wakes up."""

from kbench._native.clock cimport stamp_end
from kbench._native.eventfd cimport read_eventfd
from kbench._native.vcpu_thread cimport (
    VcpuThread, kb_vcpu_thread_begin, kb_vcpu_thread_end, report,
)
from kbench._native.work cimport WorkQueue, take

cdef extern from "<sys/prctl.h>":
    int PR_GET_TIMERSLACK
    int PR_SET_TIMERSLACK
    int prctl(int option, unsigned long argument)


def work(WorkQueue queue, int wait_fd, VcpuThread vcpu_thread):
    """Do the queue's work in the calling thread until `vcpu_thread` is stopped.

    With `wait_fd` >= 0 it blocks on that eventfd while the queue is empty: write to it to end
    the thread. Without it, the queue has to be endless.
    """
    with nogil:
        while not vcpu_thread.state.stop:
            if not take(&queue.state) and (wait_fd < 0 or not read_eventfd(wait_fd)):
                break


def spin(VcpuThread vcpu_thread):
    """Compete for the pCPU: spin in the calling thread until `vcpu_thread` is stopped."""
    with nogil:
        while not vcpu_thread.state.stop:
            pass


def echo(VcpuThread vcpu_thread, int fd):
    """Read the eventfd `fd` in the calling thread until `vcpu_thread` is stopped; stamp each read.

    This is the floor of a wake-up: a thread that blocks, without a vCPU.
    """
    if kb_vcpu_thread_begin(&vcpu_thread.state):
        vcpu_thread.state.ended = 1
        return
    with nogil:
        while not vcpu_thread.state.stop:
            if read_eventfd(fd):
                report(&vcpu_thread.state, stamp_end())
        kb_vcpu_thread_end(&vcpu_thread.state)


def set_timer_slack(unsigned long nanoseconds):
    """Set the timer slack of the calling thread; the old value in ns (PR_SET_TIMERSLACK)."""
    old = prctl(PR_GET_TIMERSLACK, 0)
    prctl(PR_SET_TIMERSLACK, nanoseconds)
    return old
