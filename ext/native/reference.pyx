# SPDX-License-Identifier: MIT
# cython: language_level=3
"""The C loop that the Cython loop is held against (`make perf`, loop_ratio)."""

from libc.stdint cimport uint32_t, uint64_t

cdef extern from "reference.h" nogil:
    uint64_t kb_reference_loop(int fd, void *run, uint32_t expect, uint64_t loops)


def round_trips(int fd, size_t run, uint32_t expect, uint64_t loops):
    """TSC ticks of `loops` round trips in C; 0 when one failed or ended otherwise."""
    cdef uint64_t ticks
    with nogil:
        ticks = kb_reference_loop(fd, <void *>run, expect, loops)
    return ticks
