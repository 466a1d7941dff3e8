# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""A vCPU that idles, and what its thread does on an idle exit: wait, or the VMM's work."""

from cpython cimport array
from libc.errno cimport EINTR, errno
from libc.stdint cimport uint8_t, uint32_t, uint64_t
import array

from clock cimport stamp_end
from work cimport Queue, kb_queue_empty, take

cdef extern from "<sys/ioctl.h>" nogil:
    int ioctl(int fd, unsigned long request, void *argument)

cdef extern from "<linux/kvm.h>" nogil:
    unsigned long KVM_RUN
    unsigned long KVM_INTERRUPT
    int KVM_EXIT_IO
    int KVM_EXIT_HLT
    int KVM_MP_STATE_HALTED

    struct kvm_interrupt:
        uint32_t irq

cdef extern from "<unistd.h>" nogil:
    ssize_t read(int fd, void *buffer, size_t count)

cdef extern from "<poll.h>" nogil:
    int poll(pollfd *fds, unsigned long count, int timeout)

cdef extern from "abi.h":
    int KB_VECTOR

cdef extern from "kvm_kbench.h":
    uint32_t KVM_EXIT_KBENCH_MWAIT
    uint32_t KVM_EXIT_KBENCH_PAUSE
    int KVM_RUN_KBENCH_EXITS
    int KVM_RUN_KBENCH_MP_STATE
    int KVM_KBENCH_MP_STATE_VALID

cdef enum:
    SLICE = 8   # items of work on an idle exit or a kick before the vCPU is entered again

WAITS = {
    "enter": ENTER, "block": BLOCK, "poll": POLL, "eventfd": EVENTFD, "mp_state": MP_STATE,
    "inject": INJECT,
}


cdef bint event(kb_lane *lane) noexcept nogil:
    """Whether the halted vCPU has one, by what the VMM watches."""
    cdef pollfd ready
    if lane.waits == MP_STATE:
        return (<volatile uint8_t *>lane.run)[KVM_RUN_KBENCH_MP_STATE] != (
            KVM_KBENCH_MP_STATE_VALID | KVM_MP_STATE_HALTED)
    ready.fd = lane.event_fd
    ready.events = POLLIN
    return poll(&ready, 1, 0) != 0


cdef bint await_event(kb_lane *lane) noexcept nogil:
    """Wait for one, or for a kick; true when there is work instead."""
    cdef uint64_t count
    cdef kvm_interrupt interrupt
    cdef pollfd ready[2]
    ready[0].fd, ready[1].fd = lane.event_fd, lane.work_fd
    ready[0].events = ready[1].events = POLLIN
    kb_lane_wait(lane, ready)
    if lane.told and lane.waits == INJECT:
        interrupt.irq = KB_VECTOR
        ioctl(lane.fd, KVM_INTERRUPT, &interrupt)
    if ready[0].revents or not ready[1].revents:
        return False
    read(lane.work_fd, &count, 8)   # nothing where another idle vCPU's thread was first
    return True


cdef void work_slice(kb_lane *lane) noexcept nogil:
    cdef int item
    if lane.queue:
        for item in range(SLICE):
            if lane.stop or not take(lane.queue):
                break


cdef void work_until_event(kb_lane *lane) noexcept nogil:
    while lane.queue and not lane.run.immediate_exit and not event(lane):
        if not take(lane.queue):
            break


cdef void on_idle_exit(kb_lane *lane) noexcept nogil:
    """Work, then wait as the policy says. A kick ends both: it may have brought work."""
    lane.idle_exits += 1
    lane.idle = 1
    if lane.waits == ENTER or lane.waits == BLOCK:
        work_slice(lane)
    else:
        work_until_event(lane)
    if lane.exits:
        # Halted and asked to exit, the vCPU would leave KVM_RUN again at once: that is wanted
        # while there is work to go on with. Without work it is to block in the kernel.
        if lane.queue == NULL or kb_queue_empty(lane.queue):
            lane.exits[0] = 0
        return
    while lane.waits != ENTER and not lane.run.immediate_exit:
        if not await_event(lane):
            lane.idle = 0
            break
        work_until_event(lane)


cdef class Lane:
    """The vCPU `fd`, whose struct kvm_run is at `run`, and the stamps of its thread.

    `work` is what the thread does on an idle exit and after a kick; `waits` (kbench/catalogue/policies.py)
    how it then waits, where that is so for `event_fd`. `capacity` bounds the stamps.
    """

    def __cinit__(self, int fd, size_t run, size_t capacity, Queue work=None, waits="enter",
                  int event_fd=-1):
        self._stamps = array.array("Q", bytes(8 * capacity))
        self.work = work
        self.lane.fd = fd
        self.lane.run = <kvm_run *>run
        self.lane.waits = WAITS[waits]
        self.lane.event_fd = event_fd
        self.lane.work_fd = -1
        if self.lane.waits == BLOCK or self.lane.waits == MP_STATE:
            self.lane.exits = <uint8_t *>run + KVM_RUN_KBENCH_EXITS
            self.lane.exits_on = self.lane.exits[0]
        self.lane.stamps = (<array.array>self._stamps).data.as_ulonglongs
        self.lane.most = capacity
        self.lane.queue = &work.queue if work is not None else NULL

    def listen(self, int fd):
        """With waits "poll": wait for work to arrive, too, at this eventfd, which does not block."""
        self.lane.work_fd = fd

    def reset(self):
        """Forget the stamps of the last run."""
        cdef kb_lane *lane = &self.lane
        lane.stop = lane.ended = lane.idle = lane.error = lane.unexpected = lane.thread = 0
        lane.idle_exits = lane.acks = 0
        lane.run.immediate_exit = 0

    def run(self):
        """Run the vCPU in the calling thread until stop(), or an exit that nothing expects."""
        cdef kb_lane *lane = &self.lane
        cdef uint64_t stamp
        cdef int failed
        if kb_lane_begin(lane):
            lane.error = errno
            lane.ended = 1
            return
        with nogil:
            while not lane.stop:
                failed = ioctl(lane.fd, KVM_RUN, NULL)
                stamp = stamp_end()
                if lane.exits:
                    lane.exits[0] = lane.exits_on
                if failed < 0:
                    if errno != EINTR:
                        lane.error = errno
                        break
                    # First: a kick that comes after this has a report of its own.
                    lane.run.immediate_exit = 0
                    report(lane, stamp)
                    work_slice(lane)
                elif lane.run.exit_reason == <uint32_t>KVM_EXIT_IO:
                    report(lane, stamp)
                    lane.idle = 0
                elif lane.run.exit_reason in (
                        <uint32_t>KVM_EXIT_HLT, KVM_EXIT_KBENCH_MWAIT, KVM_EXIT_KBENCH_PAUSE):
                    on_idle_exit(lane)
                else:
                    lane.reason = lane.run.exit_reason
                    lane.unexpected = 1
                    break
            kb_lane_end(lane)

    def stop(self):
        """Make run() return, wherever it is."""
        self.lane.stop = 1
        if self.lane.thread and not self.lane.ended:
            kb_lane_kick(&self.lane)

    @property
    def thread(self):
        """The kernel's id of the thread in run(); 0 before it is there."""
        return self.lane.thread

    @property
    def ended(self):
        return bool(self.lane.ended)

    @property
    def stopping(self):
        """Whether stop() was called, or run() has ended."""
        return bool(self.lane.stop or self.lane.ended)

    @property
    def failure(self):
        """(errno, exit reason, whether the exit was unexpected) of the end of run()."""
        return self.lane.error, self.lane.reason, bool(self.lane.unexpected)

    @property
    def idle_exits(self):
        """Exits to userspace by which the guest said that it idles."""
        return self.lane.idle_exits

    @property
    def stamps(self):
        """When the guest's reports and the kicks came back, in TSC ticks: an array('Q')."""
        return self._stamps[:min(self.lane.acks, self.lane.most)]
