# SPDX-License-Identifier: MIT
from libc.stdint cimport uint64_t

from kbench._native.kvm cimport kvm_run

cdef extern from "watchdog.h" nogil:
    struct kb_watchdog:
        uint64_t progress
        int fired

    int kb_watchdog_start(kb_watchdog *watchdog, kvm_run *run, double limit)
    void kb_watchdog_stop(kb_watchdog *watchdog)

cdef class Watchdog:
    cdef kb_watchdog state
    cdef kvm_run *run
    cdef readonly double limit
    cdef bint armed
    cdef void disarm(self) noexcept
