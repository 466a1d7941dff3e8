# SPDX-License-Identifier: MIT
from libc.stdint cimport uint64_t

cdef extern from "clock.h" nogil:
    uint64_t stamp_begin "kb_stamp_begin"()
    uint64_t stamp_end "kb_stamp_end"()
