# SPDX-License-Identifier: MIT
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from work cimport WorkQueue, kb_queue

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

    struct kb_vcpu_thread:
        int fd
        int tid
        kb_waits waits
        int event_fd
        int work_fd
        uint64_t events
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
        unsigned long long *stamps
        uint64_t capacity
        kb_queue *queue

    int kb_vcpu_thread_begin(kb_vcpu_thread *thread)
    void kb_vcpu_thread_end(kb_vcpu_thread *thread)
    int kb_vcpu_thread_signal()
    void kb_vcpu_thread_wait(kb_vcpu_thread *thread, pollfd *ready)
    int kb_vcpu_thread_kick(const kb_vcpu_thread *thread)

cdef class VcpuThread:
    cdef kb_vcpu_thread state
    cdef object _stamps
    cdef readonly WorkQueue work


cdef inline void report(kb_vcpu_thread *thread, uint64_t stamp) noexcept nogil:
    """Note when something came back to the thread."""
    if thread.acks < thread.capacity:
        thread.stamps[thread.acks] = stamp
    thread.acks += 1
