# SPDX-License-Identifier: MIT
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from work cimport Queue, kb_queue

cdef extern from "<poll.h>" nogil:
    struct pollfd:
        int fd
        short events
        short revents
    short POLLIN

cdef extern from "vcpu_thread.h" nogil:
    struct kvm_run:
        unsigned char immediate_exit
        uint32_t exit_reason

    enum kb_waits:
        ENTER
        BLOCK
        POLL
        EVENTFD
        MP_STATE
        INJECT

    struct kb_lane:
        int fd
        int thread
        kb_waits waits
        int event_fd
        int work_fd
        uint64_t told
        uint8_t *exits
        uint8_t exits_on
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
    void kb_lane_wait(kb_lane *lane, pollfd *ready)
    int kb_lane_kick(const kb_lane *lane)

cdef class Lane:
    cdef kb_lane lane
    cdef object _stamps
    cdef readonly Queue work


cdef inline void report(kb_lane *lane, uint64_t stamp) noexcept nogil:
    """Note when something came back to the lane's thread."""
    if lane.acks < lane.most:
        lane.stamps[lane.acks] = stamp
    lane.acks += 1
