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
    unsigned long KVM_SET_MP_STATE
    int KVM_MP_STATE_RUNNABLE

    struct kvm_mp_state:
        uint32_t mp_state


def round_trips(int fd, uint32_t expect, uint64_t loops, Histogram histogram, Watchdog watchdog):
    """Enter the guest up to `loops` times and record each round trip.

    `fd` is the vCPU's, `expect` the KVM_EXIT_* that each entry must end with; the
    watchdog must be armed. Returns (round trips recorded, errno): the loop stops at the
    first entry that fails (errno > 0) or ends with another reason (errno 0).
    Python's signal handlers have run when it returns.
    """
    cdef Counts counts = histogram.counts
    cdef kb_watchdog *limit = &watchdog.state
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
            limit.progress += 1
    histogram.counts = counts
    PyErr_CheckSignals()
    return done, error


def halts(int fd, uint32_t expect, uint64_t loops, Histogram histogram, Watchdog watchdog):
    """As round_trips(), for exits that leave the vCPU halted: KVM_RUN alone would not go on.

    KVM_SET_MP_STATE before each entry, not timed, stands for the event that ends a halt;
    like one it has KVM look for interrupts at the entry (KVM_REQ_EVENT).
    """
    cdef Counts counts = histogram.counts
    cdef kb_watchdog *limit = &watchdog.state
    cdef kb_run *run = watchdog.run
    cdef kvm_mp_state runnable
    cdef uint64_t done = 0, begin, end
    cdef int error = 0
    runnable.mp_state = KVM_MP_STATE_RUNNABLE
    with nogil:
        while done < loops:
            if ioctl(fd, KVM_SET_MP_STATE, <long>&runnable) < 0:
                error = errno
                break
            begin = stamp_begin()
            if ioctl(fd, KVM_RUN, 0) < 0:
                error = errno
                break
            end = stamp_end()
            if run.exit_reason != expect:
                break
            record(&counts, end - begin)
            done += 1
            limit.progress += 1
    histogram.counts = counts
    PyErr_CheckSignals()
    return done, error
