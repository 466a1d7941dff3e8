# SPDX-License-Identifier: MIT
"""The clock of the timed loops: the TSC, fenced so that nothing leaks across a stamp.

CPUID would serialise too, but it exits in a VM.
"""

from libc.stdint cimport uint64_t

cdef extern from * nogil:
    """
    #include <stdint.h>

    /* lfence;rdtsc;lfence: earlier instructions have completed, later ones have not begun. */
    static inline uint64_t kb_stamp_begin(void)
    {
        uint32_t low, high;
        __asm__ volatile("lfence\\n\\trdtsc\\n\\tlfence" : "=a"(low), "=d"(high) : : "memory");
        return ((uint64_t)high << 32) | low;
    }

    /* rdtscp waits for earlier instructions by itself; lfence holds back the later ones. */
    static inline uint64_t kb_stamp_end(void)
    {
        uint32_t low, high;
        __asm__ volatile("rdtscp\\n\\tlfence" : "=a"(low), "=d"(high) : : "rcx", "memory");
        return ((uint64_t)high << 32) | low;
    }
    """
    uint64_t stamp_begin "kb_stamp_begin"()
    uint64_t stamp_end "kb_stamp_end"()
