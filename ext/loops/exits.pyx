# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""The timed KVM_RUN loop: stamp, ioctl, stamp, check, record."""

from cpython.exc cimport PyErr_CheckSignals
from libc.errno cimport errno
from libc.stdint cimport uint32_t, uint64_t

from clock cimport stamp_begin, stamp_end
from hdr cimport Histogram, Counts, record
from watchdog cimport Watchdog, kb_run, kb_watchdog

cdef extern from "<sys/ioctl.h>" nogil:
    int ioctl(int fd, unsigned long request, long argument)

cdef extern from "<linux/kvm.h>" nogil:
    unsigned long KVM_RUN


def round_trips(int fd, uint32_t expect, uint64_t loops, Histogram histogram, Watchdog watchdog):
    """Enter the guest up to `loops` times and record each round trip.

    `fd` is the vCPU's, `expect` the KVM_EXIT_* that each entry must end with; the
    watchdog must be armed. Returns (round trips recorded, errno): the loop stops at the
    first entry that fails (errno > 0) or ends with another reason (errno 0).
    Python's signal handlers have run when it returns.
    """
    cdef Counts counts = histogram.counts
    cdef kb_watchdog *dog = &watchdog.dog
    cdef kb_run *run = watchdog.run
    cdef uint64_t done = 0, begin, end
    cdef int error = 0
    with nogil:
        while done < loops:
            begin = stamp_begin()
            if ioctl(fd, KVM_RUN, 0) < 0:
                error = errno
                break
            end = stamp_end()
            if run.exit_reason != expect:
                break
            record(&counts, end - begin)
            done += 1
            dog.progress += 1
    histogram.counts = counts
    PyErr_CheckSignals()
    return done, error
