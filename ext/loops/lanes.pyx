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

    struct kvm_interrupt:
        uint32_t irq

cdef extern from "<unistd.h>" nogil:
    ssize_t read(int fd, void *buffer, size_t count)

cdef extern from "<poll.h>" nogil:
    struct pollfd:
        int fd
        short events
        short revents
    short POLLIN
    int poll(pollfd *fds, unsigned long count, int timeout)

cdef extern from "abi.h":
    int KB_VECTOR

cdef enum:
    # Exits of the extension (ext/kvm/include/kvm_kbench.h): MWAIT and PAUSE.
    EXIT_MWAIT = 0x4b420001
    EXIT_PAUSE = 0x4b420002
    SLICE = 8   # items of work on an idle exit or a kick before the vCPU is entered again


cdef void wait_and_inject(kb_lane *lane) noexcept nogil:
    """HLT of a VMM with its own interrupt controller: work, then block, until an interrupt."""
    cdef uint64_t count
    cdef kvm_interrupt interrupt
    cdef pollfd ready
    ready.fd = lane.wait_fd
    ready.events = POLLIN
    while lane.queue and not lane.run.immediate_exit and poll(&ready, 1, 0) == 0:
        if not take(lane.queue):
            break
    if not lane.run.immediate_exit and read(lane.wait_fd, &count, 8) == 8:
        interrupt.irq = KB_VECTOR
        ioctl(lane.fd, KVM_INTERRUPT, &interrupt)


cdef void wait_for_event(kb_lane *lane) noexcept nogil:
    """HLT of a vCPU that poll(2) can wait for: work, item by item, while it stays halted."""
    cdef pollfd ready
    ready.fd = lane.fd
    ready.events = POLLIN
    while lane.queue and not lane.run.immediate_exit and poll(&ready, 1, 0) == 0:
        if not take(lane.queue):
            break
    if not lane.run.immediate_exit:
        poll(&ready, 1, -1)


cdef void work_slice(kb_lane *lane) noexcept nogil:
    cdef int item
    if lane.queue:
        for item in range(SLICE):
            if lane.stop or not take(lane.queue):
                break


cdef void on_idle_exit(kb_lane *lane) noexcept nogil:
    lane.idle_exits += 1
    lane.idle = 1
    if lane.wait_fd >= 0:
        wait_and_inject(lane)
        lane.idle = 0
        return
    if lane.poll:
        wait_for_event(lane)
        return
    work_slice(lane)
    # Halted and asked to exit, the vCPU would leave KVM_RUN again at once: that is wanted
    # while there is work to go on with. Without work it is to block in the kernel.
    if lane.exits and (lane.queue == NULL or kb_queue_empty(lane.queue)):
        lane.exits[0] = 0


cdef class Lane:
    """The vCPU `fd`, whose struct kvm_run is at `run`, and the stamps of its thread.

    `wait_fd`: on KVM_EXIT_HLT wait for this eventfd and inject KB_VECTOR (-1: no). `work`:
    what the thread does on an idle exit and after a kick. `poll`: wait for a halted vCPU in
    poll(2) of `fd`. `exits`: the offset in kvm_run of the byte that asks for exits on HLT (-1:
    none), which is cleared while there is nothing to do. `capacity` bounds the stamps.
    """

    def __cinit__(self, int fd, size_t run, size_t capacity, int wait_fd=-1, Queue work=None,
                  bint poll=False, int exits=-1):
        self._stamps = array.array("Q", bytes(8 * capacity))
        self.work = work
        self.lane.fd = fd
        self.lane.run = <kvm_run *>run
        self.lane.wait_fd = wait_fd
        self.lane.poll = poll
        if exits >= 0:
            self.lane.exits = <uint8_t *>run + exits
            self.lane.exits_on = self.lane.exits[0]
        self.lane.stamps = (<array.array>self._stamps).data.as_ulonglongs
        self.lane.most = capacity
        self.lane.queue = &work.queue if work is not None else NULL

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
                    report(lane, stamp)
                    lane.run.immediate_exit = 0
                    work_slice(lane)
                elif lane.run.exit_reason == <uint32_t>KVM_EXIT_IO:
                    report(lane, stamp)
                    lane.idle = 0
                elif lane.run.exit_reason in (<uint32_t>KVM_EXIT_HLT, EXIT_MWAIT, EXIT_PAUSE):
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
