# SPDX-License-Identifier: MIT
from libc.stdint cimport uint64_t

cdef extern from "watchdog.h" nogil:
    struct kb_watchdog:
        uint64_t progress
        int fired

    struct kb_run "kvm_run":
        unsigned char immediate_exit
        unsigned int exit_reason

    int kb_watchdog_start(kb_watchdog *dog, kb_run *run, double limit)
    void kb_watchdog_stop(kb_watchdog *dog)
    int kb_watchdog_signal()

cdef class Watchdog:
    cdef kb_watchdog dog
    cdef kb_run *run
    cdef readonly double limit
    cdef bint armed
    cdef disarm(self)
