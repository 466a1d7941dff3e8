# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""The timed KVM_RUN loop: stamp, ioctl, stamp, check, record."""

from cpython.exc cimport PyErr_CheckSignals
from libc.errno cimport errno
from libc.stdint cimport uint32_t, uint64_t

from kbench._native.clock cimport stamp_begin, stamp_end
from kbench._native.hdr cimport Counts, Histogram, record
from kbench._native.kvm cimport (
    KVM_MP_STATE_RUNNABLE, KVM_RUN, KVM_SET_MP_STATE, ioctl, kvm_mp_state, kvm_run,
)
from kbench._native.watchdog cimport Watchdog, kb_watchdog


def round_trips(int fd, uint32_t expect, uint64_t loops, Histogram histogram, Watchdog watchdog):
    """Enter the guest up to `loops` times and record each round trip.

    `fd` is the vCPU's, `expect` the KVM_EXIT_* that each entry must end with; the
    watchdog must be armed. Returns (round trips recorded, errno): the loop stops at the
    first entry that fails (errno > 0) or ends with another reason (errno 0).
    Python's signal handlers have run when it returns.
    """
    cdef Counts counts = histogram.counts
    cdef kb_watchdog *limit = &watchdog.state
    cdef kvm_run *run = watchdog.run
    cdef uint64_t done = 0, begin, end
    cdef int error = 0
    with nogil:
        while done < loops:
            begin = stamp_begin()
            if ioctl(fd, KVM_RUN, NULL) < 0:
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
    """As round_trips(), for exits that leave the vCPU halted: KVM_RUN alone would block.

    An untimed KVM_SET_MP_STATE before each entry stands for the event that ends a halt;
    like such an event it makes KVM check for interrupts at the entry (KVM_REQ_EVENT).
    """
    cdef Counts counts = histogram.counts
    cdef kb_watchdog *limit = &watchdog.state
    cdef kvm_run *run = watchdog.run
    cdef kvm_mp_state runnable
    cdef uint64_t done = 0, begin, end
    cdef int error = 0
    runnable.mp_state = KVM_MP_STATE_RUNNABLE
    with nogil:
        while done < loops:
            if ioctl(fd, KVM_SET_MP_STATE, &runnable) < 0:
                error = errno
                break
            begin = stamp_begin()
            if ioctl(fd, KVM_RUN, NULL) < 0:
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
