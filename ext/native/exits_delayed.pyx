# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""The KVM_RUN loop with a spin between the stamps: a regression of known size.

`kbench gate --self-test` measures it interleaved with the loop of exits.pyx, to show which
regressions the gate finds. It is a module of its own so that the measuring loop has no
branch for it.
"""

from cpython.exc cimport PyErr_CheckSignals
from libc.errno cimport errno
from libc.stdint cimport uint32_t, uint64_t

from kbench._native.clock cimport stamp_begin, stamp_end
from kbench._native.hdr cimport Counts, Histogram, record
from kbench._native.kvm cimport KVM_RUN, ioctl, kvm_run
from kbench._native.watchdog cimport Watchdog, kb_watchdog


def round_trips(
    int fd, uint32_t expect, uint64_t loops, Histogram histogram, Watchdog watchdog, uint64_t ticks
):
    """As exits.round_trips, with `ticks` of the TSC spent after each exit."""
    cdef Counts *counts = &histogram.counts
    cdef kb_watchdog *limit = &watchdog.state
    cdef kvm_run *run = watchdog.run
    cdef uint64_t done = 0, begin, end, until
    cdef int error = 0
    with nogil:
        while done < loops:
            begin = stamp_begin()
            if ioctl(fd, KVM_RUN, NULL) < 0:
                error = errno
                break
            end = stamp_end()
            until = end + ticks
            while end < until:
                end = stamp_end()
            if run.exit_reason != expect:
                break
            record(counts, end - begin)
            done += 1
            limit.progress += 1
    PyErr_CheckSignals()
    return done, error
