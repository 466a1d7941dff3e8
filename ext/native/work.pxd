# SPDX-License-Identifier: MIT
from libc.stdint cimport UINT64_MAX, uint64_t
from posix.time cimport clock_gettime, timespec
from posix.types cimport clockid_t

from kbench._native.clock cimport stamp_end

cdef extern from "work.h" nogil:
    struct kb_queue:
        uint64_t arrived
        uint64_t taken
        uint64_t done
        uint64_t rounds
        unsigned long long *starts
        unsigned long long *waker_cpu
        uint64_t capacity
        clockid_t waker_clock

    uint64_t kb_queue_take(kb_queue *queue)
    bint kb_queue_empty(const kb_queue *queue)
    void kb_queue_arrive(kb_queue *queue)
    void kb_queue_work(kb_queue *queue)

cdef class WorkQueue:
    cdef kb_queue state
    cdef object _starts, _waker_cpu


cdef inline uint64_t cpu_time(clockid_t clock) noexcept nogil:
    """The CPU time of a thread, in ns."""
    cdef timespec used
    clock_gettime(clock, &used)
    return used.tv_sec * <uint64_t>1_000_000_000 + used.tv_nsec


cdef inline bint take(kb_queue *queue) noexcept nogil:
    """Do one item; false when the queue is empty."""
    cdef uint64_t number = kb_queue_take(queue)
    if number == UINT64_MAX:
        return False
    if number < queue.capacity:
        queue.starts[number] = stamp_end()
        if queue.waker_cpu:
            queue.waker_cpu[number] = cpu_time(queue.waker_clock)
    kb_queue_work(queue)
    return True
