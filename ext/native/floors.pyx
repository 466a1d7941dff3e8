# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""The floors: what a stamp, a system call and an ioctl that does not enter the guest cost."""

from cpython.exc cimport PyErr_CheckSignals
from libc.errno cimport EINTR, errno
from libc.stdint cimport uint64_t
from posix.unistd cimport getppid

from kbench._native.clock cimport stamp_begin, stamp_end
from kbench._native.hdr cimport Counts, Histogram, record
from kbench._native.kvm cimport KVM_GET_MP_STATE, KVM_RUN, ioctl, kvm_mp_state
from kbench._native.watchdog cimport Watchdog

cdef extern from "<sched.h>" nogil:
    int sched_getcpu()


def clock(uint64_t loops, Histogram histogram):
    """Two stamps with nothing between them, `loops` times; returns (loops, 0)."""
    cdef Counts counts = histogram.counts
    cdef uint64_t _, begin
    with nogil:
        for _ in range(loops):
            begin = stamp_begin()
            record(&counts, stamp_end() - begin)
    histogram.counts = counts
    PyErr_CheckSignals()
    return loops, 0


def syscall(uint64_t loops, Histogram histogram):
    """getppid(2), which the C library never caches, `loops` times; returns (loops, 0)."""
    cdef Counts counts = histogram.counts
    cdef uint64_t _, begin
    with nogil:
        for _ in range(loops):
            begin = stamp_begin()
            getppid()
            record(&counts, stamp_end() - begin)
    histogram.counts = counts
    PyErr_CheckSignals()
    return loops, 0


def immediate_exit(int fd, uint64_t loops, Histogram histogram, Watchdog watchdog):
    """KVM_RUN with kvm_run->immediate_exit set: vcpu_load and back, no guest entry.

    Returns (round trips recorded, errno) as exits.round_trips does. The loop stops at an
    errno other than EINTR, which immediate_exit is to cause, and at success.
    """
    cdef Counts counts = histogram.counts
    cdef uint64_t done = 0, begin, end
    cdef int result, error = 0
    watchdog.run.immediate_exit = 1
    with nogil:
        while done < loops:
            begin = stamp_begin()
            result = ioctl(fd, KVM_RUN, NULL)
            end = stamp_end()
            if result == 0 or errno != EINTR:
                error = errno if result else 0
                break
            record(&counts, end - begin)
            done += 1
            watchdog.state.progress += 1
    watchdog.run.immediate_exit = 0
    histogram.counts = counts
    PyErr_CheckSignals()
    return done, error


def get_mp_state(int fd, uint64_t loops, Histogram histogram):
    """KVM_GET_MP_STATE on a vCPU that does not run; returns (round trips, errno)."""
    cdef Counts counts = histogram.counts
    cdef uint64_t done = 0, begin, end
    cdef int error = 0
    cdef kvm_mp_state state
    with nogil:
        while done < loops:
            begin = stamp_begin()
            if ioctl(fd, KVM_GET_MP_STATE, &state) < 0:
                error = errno
                break
            end = stamp_end()
            record(&counts, end - begin)
            done += 1
    histogram.counts = counts
    PyErr_CheckSignals()
    return done, error


def tsc():
    """The TSC now, in ticks."""
    return stamp_begin()


def current_cpu():
    """The CPU this thread runs on."""
    return sched_getcpu()
