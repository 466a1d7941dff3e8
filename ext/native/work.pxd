# SPDX-License-Identifier: MIT
from libc.stdint cimport UINT64_MAX, uint64_t

from kbench._native.clock cimport stamp_end

cdef extern from "work.h" nogil:
    struct kb_queue:
        uint64_t arrived
        uint64_t taken
        uint64_t done
        uint64_t rounds
        unsigned long long *starts
        uint64_t capacity

    uint64_t kb_queue_take(kb_queue *queue)
    bint kb_queue_empty(const kb_queue *queue)
    void kb_queue_arrive(kb_queue *queue)
    void kb_queue_work(kb_queue *queue)

cdef class WorkQueue:
    cdef kb_queue state
    cdef object _starts


cdef inline bint take(kb_queue *queue) noexcept nogil:
    """Do one item; false when the queue is empty."""
    cdef uint64_t number = kb_queue_take(queue)
    if number == UINT64_MAX:
        return False
    if number < queue.capacity:
        queue.starts[number] = stamp_end()
    kb_queue_work(queue)
    return True
