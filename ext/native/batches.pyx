# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""The timed loop of batches: the guest repeats its subject, and then the loop without it.

Each round trip is a pair of entries: the batch, which ends at KB_PORT, and its control,
which ends at KB_PORT_CONTROL. They alternate, so a drift of the host affects both alike.
"""

from cpython.exc cimport PyErr_CheckSignals
from libc.errno cimport EINTR, errno
from libc.stdint cimport uint16_t, uint64_t

from kbench._native.clock cimport stamp_begin, stamp_end
from kbench._native.hdr cimport Counts, Histogram, record
from kbench._native.kvm cimport (
    KB_PORT, KB_PORT_CONTROL, KVM_RUN, ioctl, kb_params, kvm_run,
)
from kbench._native.watchdog cimport Watchdog, kb_watchdog

# Cython has no name for a member of kvm_run's anonymous union.
cdef extern from *:
    """
    #include <linux/kvm.h>

    static inline uint16_t kb_port(const volatile struct kvm_run *run)
    {
        return run->exit_reason == KVM_EXIT_IO ? run->io.port : 0;
    }
    """
    uint16_t kb_port(const kvm_run *run) nogil

cdef struct Entry:
    uint64_t ticks
    int error           # errno of a KVM_RUN that failed
    bint disturbed      # a signal interrupted it: it ended, but is no sample


cdef inline Entry enter(int fd, kb_watchdog *limit) noexcept nogil:
    """One batch. A signal makes KVM_RUN return in the middle of it: enter until it is over."""
    cdef Entry entry = Entry(0, 0, False)
    cdef uint64_t begin = stamp_begin()
    while ioctl(fd, KVM_RUN, NULL) < 0:
        if errno != EINTR or limit.fired:
            entry.error = errno
            return entry
        entry.disturbed = True
    entry.ticks = stamp_end() - begin
    return entry


def round_trips(int fd, size_t params, uint64_t loops, Histogram batch, Histogram control,
                Histogram guest, Histogram guest_control, Watchdog watchdog):
    """Run up to `loops` pairs of a batch and its control, recorded in their histograms.

    `params` is the address of the guest's struct kb_params: what the guest itself counted
    for either (TSC ticks) goes into `guest` and `guest_control`. The watchdog must be
    armed. Returns (pairs recorded, errno): the loop stops at the first entry that fails
    (errno > 0; EINTR after a pair that a signal disturbed, which is not recorded) or ends
    otherwise (errno 0). Python's signal handlers have run when it returns.
    """
    cdef Counts counts[4]
    cdef kb_watchdog *limit = &watchdog.state
    cdef const volatile kb_params *shared = <const volatile kb_params *>params
    cdef uint64_t done = 0, ticks
    cdef Entry first, second
    cdef int error = 0
    counts[0], counts[1] = batch.counts, control.counts
    counts[2], counts[3] = guest.counts, guest_control.counts
    with nogil:
        while done < loops:
            first = enter(fd, limit)
            if first.error or kb_port(watchdog.run) != KB_PORT:
                error = first.error
                break
            ticks = shared.ticks
            second = enter(fd, limit)
            if second.error or kb_port(watchdog.run) != KB_PORT_CONTROL:
                error = second.error
                break
            limit.progress += 1
            if first.disturbed or second.disturbed:
                error = EINTR
                break
            record(&counts[0], first.ticks)
            record(&counts[1], second.ticks)
            record(&counts[2], ticks)
            record(&counts[3], shared.ticks)
            done += 1
    batch.counts, control.counts = counts[0], counts[1]
    guest.counts, guest_control.counts = counts[2], counts[3]
    PyErr_CheckSignals()
    return done, error
