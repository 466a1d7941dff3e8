# SPDX-License-Identifier: MIT
# cython: language_level=3
"""A time limit for KVM_RUN: one that does not return is ended."""

from cpython.exc cimport PyErr_SetFromErrno
from libc.signal cimport SIGKILL

from kbench._native.kvm cimport kvm_run

cdef extern from "<sys/prctl.h>":
    int PR_SET_PDEATHSIG
    int prctl(int option, unsigned long argument)


cdef class Watchdog:
    """A limit (seconds, > 0) on each KVM_RUN of the calling thread.

    `run` is the address of the vCPU's struct kvm_run. Use it as a context manager in the
    thread that runs the vCPU, around the loop alone: Python's own time between two loops
    would count as a hang. After each half of the limit KVM_RUN returns EINTR and may be
    entered again; after `limit` seconds without progress it returns EINTR and `fired` is true.
    Raises ValueError for another limit, OSError when the kernel provides no timer.
    """

    def __cinit__(self, size_t run, double limit):
        if not limit > 0:
            raise ValueError(f"a watchdog's limit must be positive, not {limit}")
        self.run = <kvm_run *>run
        self.limit = limit

    def __enter__(self):
        if kb_watchdog_start(&self.state, self.run, self.limit):
            PyErr_SetFromErrno(OSError)
        self.armed = True
        return self

    def __exit__(self, *exception):
        self.disarm()
        if self.state.fired:
            self.run.immediate_exit = 0

    def __dealloc__(self):
        self.disarm()

    cdef void disarm(self) noexcept:
        if self.armed:
            kb_watchdog_stop(&self.state)
            self.armed = False

    @property
    def fired(self):
        """Whether the limit ended a KVM_RUN."""
        return bool(self.state.fired)


def die_with_parent():
    """Have the kernel kill this process when the thread that forked it ends (prctl(2)).

    Raises OSError when prctl(2) fails.
    """
    if prctl(PR_SET_PDEATHSIG, SIGKILL):
        PyErr_SetFromErrno(OSError)
