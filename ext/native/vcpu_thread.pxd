# SPDX-License-Identifier: MIT
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from posix.types cimport clockid_t

from kbench._native.kvm cimport kvm_run
from kbench._native.work cimport WorkQueue, cpu_time, kb_queue

cdef extern from "<poll.h>" nogil:
    struct pollfd:
        int fd
        short events
        short revents
    enum:
        POLLIN
        POLLPRI
    int poll(pollfd *fds, unsigned long count, int timeout)

cdef extern from "vcpu_thread.h" nogil:
    enum kb_waits:
        KB_WAITS_ENTER
        KB_WAITS_BLOCK
        KB_WAITS_POLL
        KB_WAITS_EVENTFD
        KB_WAITS_MP_STATE
        KB_WAITS_INJECT

    struct kb_vcpu_thread:
        int fd
        int tid
        kb_waits waits
        int event_fd
        int work_fd
        uint64_t events
        uint8_t *exits
        uint8_t exits_on
        int asked
        kvm_run *run
        int stop
        int ended
        int idle
        int error
        uint32_t reason
        int unexpected
        uint64_t slice_items
        uint64_t slice_ticks
        uint64_t idle_exits
        uint64_t acks
        unsigned long long *stamps
        unsigned long long *waker_cpu
        uint64_t capacity
        clockid_t waker_clock
        kb_queue *queue

    void kb_ask(uint8_t *byte, uint8_t value)
    int kb_vcpu_thread_begin(kb_vcpu_thread *thread)
    void kb_vcpu_thread_end(kb_vcpu_thread *thread)
    void kb_vcpu_thread_wait(kb_vcpu_thread *thread, pollfd *ready)
    int kb_vcpu_thread_kick(const kb_vcpu_thread *thread)

cdef class VcpuThread:
    cdef kb_vcpu_thread state
    cdef object _stamps
    cdef object _waker_cpu
    cdef readonly WorkQueue work


cdef inline void report(kb_vcpu_thread *thread, uint64_t stamp) noexcept nogil:
    """Note a stamp of the guest's report or of a kick."""
    if thread.acks < thread.capacity:
        thread.stamps[thread.acks] = stamp
        if thread.waker_cpu:
            thread.waker_cpu[thread.acks] = cpu_time(thread.waker_clock)
    thread.acks += 1
