# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""The thread of a vCPU that idles: on an idle exit it does the VMM's work, then waits."""

from cpython cimport array
from libc.errno cimport EINTR, errno
from libc.stdint cimport UINT64_MAX, uint8_t, uint64_t
from posix.types cimport clockid_t
import array

from kbench._native.clock cimport stamp_end
from kbench._native.eventfd cimport read_eventfd
from kbench._native.kvm cimport (
    KB_VECTOR, KVM_EXIT_HLT, KVM_EXIT_IO, KVM_EXIT_KBENCH_MWAIT, KVM_EXIT_KBENCH_PAUSE,
    KVM_INTERRUPT, KVM_KBENCH_EXIT_HLT, KVM_RUN, KVM_RUN_KBENCH_EXITS, ioctl, is_halted,
    kvm_interrupt, kvm_run,
)
from kbench._native.work cimport WorkQueue, kb_queue_empty, take

cdef enum:
    SLICE = 8   # items of work on an idle exit or a kick, before work_for() says otherwise

WAITS = {
    "enter": KB_WAITS_ENTER, "block": KB_WAITS_BLOCK, "poll": KB_WAITS_POLL,
    "eventfd": KB_WAITS_EVENTFD, "mp_state": KB_WAITS_MP_STATE, "inject": KB_WAITS_INJECT,
}


cdef bint event(kb_vcpu_thread *thread) noexcept nogil:
    """Whether the halted vCPU has an event, as far as what the VMM watches says."""
    cdef pollfd ready
    if thread.waits == KB_WAITS_MP_STATE:
        return not is_halted(thread.run)
    ready.fd = thread.event_fd
    ready.events = POLLIN
    return poll(&ready, 1, 0) != 0


cdef bint await_event(kb_vcpu_thread *thread) noexcept nogil:
    """Wait for an event or a kick; true when work arrived instead."""
    cdef kvm_interrupt interrupt
    cdef pollfd ready[2]
    ready[0].fd, ready[1].fd = thread.event_fd, thread.work_fd
    ready[0].events = ready[1].events = POLLIN
    kb_vcpu_thread_wait(thread, ready)
    if thread.events and thread.waits == KB_WAITS_INJECT:
        interrupt.irq = KB_VECTOR
        ioctl(thread.fd, KVM_INTERRUPT, &interrupt)
    if ready[0].revents or not ready[1].revents:
        return False
    read_eventfd(thread.work_fd)    # fails when another idle vCPU's thread was first
    return True


cdef void work_slice(kb_vcpu_thread *thread) noexcept nogil:
    cdef uint64_t end = stamp_end() + thread.slice_ticks
    cdef uint64_t items = 0
    if thread.queue:
        while not thread.stop and items != thread.slice_items and take(thread.queue):
            items += 1
            if thread.slice_ticks and stamp_end() >= end:
                break


cdef void work_until_event(kb_vcpu_thread *thread) noexcept nogil:
    while thread.queue and not thread.run.immediate_exit and not event(thread):
        if not take(thread.queue):
            break


cdef void on_idle_exit(kb_vcpu_thread *thread) noexcept nogil:
    """Work, then wait as the policy says. A kick ends both, because it may announce work."""
    thread.idle_exits += 1
    thread.idle = 1
    if thread.waits == KB_WAITS_ENTER or thread.waits == KB_WAITS_BLOCK:
        work_slice(thread)
    else:
        work_until_event(thread)
    if thread.exits:
        # A halted vCPU that is asked to exit leaves KVM_RUN again at once. That is right while
        # there is work; without work the vCPU has to block in the kernel.
        if thread.queue == NULL or kb_queue_empty(thread.queue):
            if not thread.asked:
                thread.exits[0] = 0
        else:
            thread.exits[0] = KVM_KBENCH_EXIT_HLT
        return
    while thread.waits != KB_WAITS_ENTER and not thread.run.immediate_exit:
        if not await_event(thread):
            thread.idle = 0
            break
        work_until_event(thread)


cdef class VcpuThread:
    """The vCPU `fd`, whose struct kvm_run is at the address `run`, and the thread that runs it.

    On an idle exit and after a kick the thread takes items from `work`. `waits` says how it
    then waits (Waits in kbench/catalogue/policies.py), `event_fd` is what "poll", "eventfd" and
    "inject" wait for. The first `capacity` stamps are kept.
    """

    def __cinit__(self, int fd, size_t run, size_t capacity, WorkQueue work=None, waits="enter",
                  int event_fd=-1):
        self._stamps = array.array("Q", bytes(8 * capacity))
        self.work = work
        self.state.fd = fd
        self.state.run = <kvm_run *>run
        self.state.waits = WAITS[waits]
        self.state.slice_items = SLICE
        self.state.event_fd = event_fd
        self.state.work_fd = -1
        if self.state.waits == KB_WAITS_BLOCK or self.state.waits == KB_WAITS_MP_STATE:
            self.state.exits = <uint8_t *>run + KVM_RUN_KBENCH_EXITS
            self.state.exits_on = self.state.exits[0]
        self.state.stamps = (<array.array>self._stamps).data.as_ulonglongs
        self.state.capacity = capacity
        self.state.queue = &work.state if work is not None else NULL

    def listen(self, int fd):
        """With waits "poll": also wait for work at `fd`, a non-blocking eventfd."""
        self.state.work_fd = fd

    def let_ask(self):
        """Let another thread ask for one HLT exit, by kvm_run (userspace_exits, idle_flag)."""
        self.state.exits = <uint8_t *>self.state.run + KVM_RUN_KBENCH_EXITS
        self.state.exits_on = 0
        self.state.asked = 1

    def note_waker(self, clockid_t clock):
        """Also note the waker's CPU time at each stamp: its CPU clock is `clock`."""
        self._waker_cpu = array.array("Q", bytes(8 * self.state.capacity))
        self.state.waker_clock = clock
        self.state.waker_cpu = (<array.array>self._waker_cpu).data.as_ulonglongs

    def work_for(self, uint64_t items, uint64_t ticks):
        """On an idle exit or a kick, work for so many items before the vCPU is entered again.

        With `ticks`, for so many of the TSC: until the first item that ends after them. 0 items
        are as many as there are.
        """
        self.state.slice_items = items if items else UINT64_MAX
        self.state.slice_ticks = ticks

    def reset(self):
        """Forget the stamps of the last run."""
        cdef kb_vcpu_thread *thread = &self.state
        thread.stop = thread.ended = thread.idle = thread.error = thread.unexpected = thread.tid = 0
        thread.idle_exits = thread.acks = 0
        thread.run.immediate_exit = 0

    def run(self):
        """Run the vCPU in the calling thread until stop(), or an exit that nothing expects."""
        cdef kb_vcpu_thread *thread = &self.state
        cdef uint64_t stamp
        cdef int failed
        if kb_vcpu_thread_begin(thread):
            thread.error = errno
            thread.ended = 1
            return
        with nogil:
            while not thread.stop:
                failed = ioctl(thread.fd, KVM_RUN, NULL)
                stamp = stamp_end()
                if thread.asked:
                    kb_ask(thread.exits, 0)     # before it looks at the queue
                elif thread.exits:
                    thread.exits[0] = thread.exits_on
                if failed < 0:
                    if errno != EINTR:
                        thread.error = errno
                        break
                    # Clear it first: a kick after this line then gets its own stamp.
                    thread.run.immediate_exit = 0
                    report(thread, stamp)
                    work_slice(thread)
                elif thread.run.exit_reason == KVM_EXIT_IO:
                    report(thread, stamp)
                    thread.idle = 0
                elif thread.run.exit_reason in (
                        KVM_EXIT_HLT, KVM_EXIT_KBENCH_MWAIT, KVM_EXIT_KBENCH_PAUSE):
                    on_idle_exit(thread)
                else:
                    thread.reason = thread.run.exit_reason
                    thread.unexpected = 1
                    break
            kb_vcpu_thread_end(thread)

    def stop(self):
        """Make run() return, wherever it is."""
        self.state.stop = 1
        if self.state.tid and not self.state.ended:
            kb_vcpu_thread_kick(&self.state)

    @property
    def ended(self):
        return bool(self.state.ended)

    @property
    def stopping(self):
        """Whether stop() was called, or run() has ended."""
        return bool(self.state.stop or self.state.ended)

    @property
    def failure(self):
        """(errno, exit reason, whether the exit was unexpected) of the end of run()."""
        return self.state.error, self.state.reason, bool(self.state.unexpected)

    @property
    def idle_exits(self):
        """Exits to userspace for HLT, MWAIT or PAUSE."""
        return self.state.idle_exits

    @property
    def stamps(self):
        """TSC at which KVM_RUN returned for a report of the guest or a kick: an array('Q')."""
        return self._stamps[:min(self.state.acks, self.state.capacity)]

    @property
    def waker_cpu(self):
        """The waker's CPU time at each of `stamps`, in ns: an array('Q'). After note_waker()."""
        return self._waker_cpu[:min(self.state.acks, self.state.capacity)]
