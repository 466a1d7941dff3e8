# SPDX-License-Identifier: MIT
from libc.stdint cimport uint8_t, uint64_t

from kbench._native.eventfd cimport write_eventfd
from kbench._native.kvm cimport (
    KVM_KBENCH_EXIT_HLT, KVM_KBENCH_IDLE_HLT, KVM_KBENCH_IDLE_OUTSIDE, KVM_RUN, KVM_SIGNAL_MSI,
    idle_flag, ioctl, is_halted,
)
from kbench._native.vcpu_thread cimport (
    kb_ask, kb_vcpu_thread, kb_vcpu_thread_kick, poll, pollfd,
)
from kbench._native.work cimport kb_queue, kb_queue_arrive

cdef extern from *:
    """
    #include <stdint.h>
    /* An aligned 32-bit store that the compiler neither drops nor moves. */
    static inline void kb_store(size_t address)
    {
        __atomic_store_n((volatile uint32_t *)address, 1, __ATOMIC_RELEASE);
    }
    """
    void kb_store(size_t address) nogil

cdef enum:
    MAX_VCPUS = 64

cdef enum Kind:
    TIMER       # nothing to do: the guest's own timer fires
    WRITE       # write(eventfd): an irqfd, or a VMM that reads it
    MSI         # ioctl(KVM_SIGNAL_MSI)
    ENTER       # ioctl(KVM_RUN) of a sibling vCPU, whose guest sends an IPI
    KICK        # a signal to the vCPU's thread
    STORE       # a store to guest memory
    ENQUEUE     # an item of work for a thread that waits for an eventfd
    HUNT        # an item of work, and a kick for an idle vCPU

cdef enum Find:
    NOTED       # by what the vCPU's thread noted at its last idle exit
    FLAG        # by kvm_run.flags (idle_flag)
    BYTE        # by mp_state in kvm_run (run_mp_state)
    POLLED      # by poll(2) of the vCPUs (vcpu_poll)
    ASKED       # by a request for an exit, a barrier and the flag: signal only an idle one


cdef struct Wake:
    Kind kind
    int fd
    size_t address
    kb_queue *queue
    kb_vcpu_thread *threads[MAX_VCPUS]
    pollfd polled[MAX_VCPUS]
    int count
    int next
    Find find
    uint8_t *hits       # by hunt: whether it found an idle vCPU
    uint64_t hunts
    uint64_t signals    # that the hunts sent
    uint64_t capacity   # of `hits`


cdef class WakeSource:
    cdef Wake state
    cdef object keep    # what `state` points to
    cdef object _hits


cdef inline bint seems_idle(Wake *wake, int at) noexcept nogil:
    """Whether the VMM sees the vCPU as idle, from any thread."""
    cdef kb_vcpu_thread *thread = wake.threads[at]
    cdef int flag
    if wake.find == FLAG:
        # HLT, MWAIT and PAUSE follow each other.
        flag = idle_flag(thread.run)
        return flag >= KVM_KBENCH_IDLE_HLT or (flag == KVM_KBENCH_IDLE_OUTSIDE and thread.idle)
    if wake.find == BYTE:
        return is_halted(thread.run)
    if wake.find == POLLED:
        return wake.polled[at].revents == 0
    return thread.idle


cdef inline void note_hunt(Wake *wake, bint hit) noexcept nogil:
    if wake.hunts < wake.capacity:
        wake.hits[wake.hunts] = hit
    wake.hunts += 1


cdef inline int find_idle(Wake *wake) noexcept nogil:
    """The index of an idle vCPU, or of the next one in turn when none is known to be idle."""
    cdef int step, at
    if wake.find == POLLED:
        poll(wake.polled, wake.count, 0)
    for step in range(wake.count):
        at = (wake.next + step) % wake.count
        if seems_idle(wake, at):
            wake.next = (at + 1) % wake.count
            note_hunt(wake, 1)
            return at
    note_hunt(wake, 0)
    at = wake.next
    wake.next = (at + 1) % wake.count
    return at


cdef inline int hunt_idle(Wake *wake) noexcept nogil:
    """Signal an idle vCPU, or the next one in turn."""
    wake.signals += 1
    return kb_vcpu_thread_kick(wake.threads[find_idle(wake)])


cdef inline int ask_idle(Wake *wake) noexcept nogil:
    """Ask for a HLT exit and signal the first vCPU in HLT; one that halts later exits by itself.

    kb_ask() has a full barrier, and the vCPU has one between its flag and its look at the
    request: one of the two sees the other.
    """
    cdef int step, at
    cdef kb_vcpu_thread *thread
    for step in range(wake.count):
        at = (wake.next + step) % wake.count
        thread = wake.threads[at]
        kb_ask(thread.exits, KVM_KBENCH_EXIT_HLT)
        if idle_flag(thread.run) == KVM_KBENCH_IDLE_HLT:
            wake.next = (at + 1) % wake.count
            note_hunt(wake, 1)
            wake.signals += 1
            return kb_vcpu_thread_kick(thread)
    note_hunt(wake, 0)
    return 0


cdef inline int fire(Wake *wake) noexcept nogil:
    if wake.kind == WRITE:
        return 0 if write_eventfd(wake.fd) else -1
    if wake.kind == MSI:
        return ioctl(wake.fd, KVM_SIGNAL_MSI, <const void *>wake.address)
    if wake.kind == ENTER:
        return ioctl(wake.fd, KVM_RUN, NULL)
    if wake.kind == KICK:
        return kb_vcpu_thread_kick(wake.threads[0])
    if wake.kind == STORE:
        kb_store(wake.address)
        return 0
    if wake.kind == ENQUEUE:
        kb_queue_arrive(wake.queue)
        return 0 if wake.fd < 0 or write_eventfd(wake.fd) else -1
    if wake.kind == HUNT:
        kb_queue_arrive(wake.queue)
        return ask_idle(wake) if wake.find == ASKED else hunt_idle(wake)
    return 0
