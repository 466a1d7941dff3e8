# SPDX-License-Identifier: MIT
# cython: language_level=3
"""Ends a KVM_RUN that does not come back."""

from cpython.exc cimport PyErr_SetFromErrno

cdef extern from "<sys/prctl.h>":
    int PR_SET_PDEATHSIG
    int prctl(int option, unsigned long argument)

cdef extern from "<signal.h>":
    int SIGKILL


cdef class Watchdog:
    """A limit (seconds, > 0) on each KVM_RUN of the calling thread.

    `run` is the address of the vCPU's struct kvm_run. Use it as a context manager in the
    thread that runs the vCPU, around the loop alone: Python's own time between two loops
    would count as a hang. Each half of the limit a KVM_RUN returns EINTR and may be entered
    again; one without progress for `limit` seconds returns EINTR and `fired` becomes true.
    Raises OSError where no timer can be had.
    """

    def __cinit__(self, size_t run, double limit):
        if not limit > 0:
            raise ValueError(f"a watchdog's limit must be positive, not {limit}")
        self.run = <kb_run *>run
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

    cdef disarm(self):
        if self.armed:
            kb_watchdog_stop(&self.state)
            self.armed = False

    @property
    def fired(self):
        """Whether a KVM_RUN had to be ended."""
        return bool(self.state.fired)


def die_with_parent():
    """Have the kernel kill this process when its parent's thread that made it ends."""
    if prctl(PR_SET_PDEATHSIG, SIGKILL):
        PyErr_SetFromErrno(OSError)
