# SPDX-License-Identifier: MIT
from libc.stdint cimport uint8_t, uint32_t, uint64_t

cdef extern from "lanes.h" nogil:
    struct kvm_run:
        unsigned char immediate_exit
        uint32_t exit_reason

    struct kb_queue:
        uint64_t arrived
        uint64_t taken
        uint64_t done
        uint64_t rounds
        uint64_t *starts
        uint64_t most

    struct kb_lane:
        int fd
        int thread
        int wait_fd
        uint8_t *exits
        uint8_t exits_on
        int poll
        int work_fd
        kvm_run *run
        int stop
        int ended
        int idle
        int error
        uint32_t reason
        int unexpected
        uint64_t idle_exits
        uint64_t acks
        uint64_t *stamps
        uint64_t most
        kb_queue *queue

    int kb_lane_begin(kb_lane *lane)
    void kb_lane_end(kb_lane *lane)
    int kb_lane_signal()
    int kb_lane_kick(const kb_lane *lane)
    uint64_t kb_queue_take(kb_queue *queue)
    bint kb_queue_empty(const kb_queue *queue)
    void kb_queue_arrive(kb_queue *queue)
    void kb_queue_work(kb_queue *queue)

cdef class Queue:
    cdef kb_queue queue
    cdef object _starts

cdef class Lane:
    cdef kb_lane lane
    cdef object _stamps
    cdef readonly Queue work
