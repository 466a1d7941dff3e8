# SPDX-License-Identifier: MIT
from libc.stdint cimport uint64_t

cdef extern from "watchdog.h" nogil:
    struct kb_watchdog:
        uint64_t progress
        int fired

    struct kb_run "kvm_run":
        unsigned char immediate_exit
        unsigned int exit_reason

    int kb_watchdog_start(kb_watchdog *watchdog, kb_run *run, double limit)
    void kb_watchdog_stop(kb_watchdog *watchdog)
    int kb_watchdog_signal()

cdef class Watchdog:
    cdef kb_watchdog state
    cdef kb_run *run
    cdef readonly double limit
    cdef bint armed
    cdef disarm(self)
