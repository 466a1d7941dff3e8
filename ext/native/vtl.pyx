# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""A virtual processor (VP) with two VTLs: a thread that runs one of two vCPUs at a time.

The thread runs VTL0 until VTL1 has an interrupt, then VTL1 until its VTL_RETURN. The
benchmarks compare how it learns of the interrupt: by another thread's signal or by poll(2).
"""

from cpython cimport array
from libc.errno cimport EINTR, errno
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from posix.types cimport clockid_t
import array

from kbench._native.clock cimport stamp_end
from kbench._native.eventfd cimport read_eventfd
from kbench._native.kvm cimport (
    KVM_EXIT_HLT, KVM_EXIT_IO, KVM_GET_REGS, KVM_GET_XSAVE, KVM_KBENCH_EXIT_HLT,
    KVM_KBENCH_IDLE_HLT, KVM_RUN, KVM_RUN_KBENCH_EXITS, KVM_SET_REGS, KVM_SET_XSAVE,
    KVM_SIGNAL_MSI, idle_flag, ioctl, kvm_regs, kvm_run,
)
from kbench._native.vcpu_thread cimport (
    POLLIN, POLLPRI, VcpuThread, kb_ask, kb_vcpu_thread, kb_vcpu_thread_begin, kb_vcpu_thread_end,
    kb_vcpu_thread_kick, poll, pollfd,
)
from kbench._native.work cimport cpu_time

cdef extern from "<sys/epoll.h>" nogil:
    struct epoll_event:
        uint32_t events
    int epoll_wait(int epfd, epoll_event *events, int count, int timeout)

cdef extern from *:
    """
    #include <stdint.h>
    #define kb_set(word) __atomic_store_n(&(word), 1, __ATOMIC_SEQ_CST)
    #define kb_take(word) __atomic_exchange_n(&(word), 0, __ATOMIC_SEQ_CST)
    """
    void kb_set(int word) nogil
    int kb_take(int word) nogil

cdef enum Way:
    SIGNALLED   # another thread signals this one, wherever it is
    IDLE_ONLY   # the same, but only where the flag says that VTL0 is in HLT (idle_flag)
    POLLED      # this thread itself waits for both vCPUs in poll(2), outside KVM_RUN

cdef enum Noted:
    NOTICED
    LEFT
    RETURNED


cdef class VirtualProcessor(VcpuThread):
    """The thread that runs VTL0, the vCPU `fd` with its struct kvm_run at `run`, and VTL1 in turn.

    It keeps stamps, in TSC ticks: NOTICED, when a thread of the VMM knew of VTL1's interrupt;
    LEFT, when VTL0's KVM_RUN returned for it; RETURNED, when KVM_RUN returned with VTL1's
    VTL_RETURN. After note_others() it also keeps what two other threads have run, by LEFT: read
    when VTL1 has returned, as nothing then waits for this thread.
    """

    cdef int fd1
    cdef kvm_run *run1
    cdef Way way
    cdef int pending
    cdef pollfd waits[2]
    cdef bint reads         # the waits are eventfds
    cdef int vm             # to which this thread sends `message`, the device's MSI
    cdef size_t message     # or 0: KVM has routed it
    cdef bint moves         # the state that both VTLs share
    cdef uint8_t xsave[4096]  # KVM_GET_XSAVE writes a struct kvm_xsave without its tail
    cdef unsigned long long *noted[3]
    cdef uint64_t counts[3]
    cdef object _arrays     # of what `noted` points to
    cdef object _others     # CPU clocks of the waker and of who tells this thread, or None
    cdef unsigned long long *others[2]
    cdef clockid_t clocks[2]

    def __cinit__(self, int fd, size_t run, size_t capacity):
        cdef array.array each
        self.way = SIGNALLED
        self._arrays = [array.array("Q", bytes(8 * capacity)) for _ in range(3)]
        for what in range(3):
            each = self._arrays[what]
            self.noted[what] = each.data.as_ulonglongs

    def vtl1(self, int fd, size_t run):
        """Set the vCPU that is VTL1; call it before run()."""
        self.fd1 = fd
        self.run1 = <kvm_run *>run

    def idle_only(self):
        """Let VTL0 run to its next HLT and exit there (userspace_exits, idle_flag)."""
        self.way = IDLE_ONLY

    def wait_for(self, int fd0, int fd1, bint eventfds):
        """On VTL0's HLT exit wait for these file descriptors: the vCPUs' own, or their eventfds."""
        self.way = POLLED
        self.reads = eventfds
        self.waits[0].fd, self.waits[1].fd = fd0, fd1
        self.waits[0].events = POLLIN
        # VTL1 is stopped, not halted, so its vCPU always has POLLIN.
        self.waits[1].events = POLLIN if eventfds else POLLPRI

    def route(self, int vm, size_t message):
        """After wait_for(): send the MSI at the address `message` when VTL1's eventfd says so."""
        self.vm, self.message = vm, message

    def move_state(self):
        """At each switch, move the registers and the FPU state that the VTLs share."""
        self.moves = True

    def reset(self):
        """Forget the stamps of the last run."""
        VcpuThread.reset(self)
        self.pending = 0
        self.run1.immediate_exit = 0
        self.counts[0] = self.counts[1] = self.counts[2] = 0

    def stamps_of(self, int what):
        """The stamps of NOTICED (0), LEFT (1) or RETURNED (2): an array('Q')."""
        return self._arrays[what][:min(self.counts[what], self.state.capacity)]

    def note_others(self, clockid_t waker, clockid_t teller):
        """Keep the CPU time of the waker and of who tells this thread, at each LEFT."""
        cdef array.array each
        self.clocks[0], self.clocks[1] = waker, teller
        if self._others is None:
            size = 8 * self.state.capacity
            self._others = [array.array("Q", bytes(size)) for _ in range(2)]
            for which in range(2):
                each = self._others[which]
                self.others[which] = each.data.as_ulonglongs

    def cpu_of(self, int which):
        """The CPU time of the waker (0) or the teller (1) by LEFT, in ns: an array('Q')."""
        return self._others[which][:min(self.counts[1], self.state.capacity)]

    cdef inline void note(self, int what, uint64_t stamp) noexcept nogil:
        if self.counts[what] < self.state.capacity:
            self.noted[what][self.counts[what]] = stamp
        self.counts[what] += 1

    cdef inline void note_cpu(self) noexcept nogil:
        cdef uint64_t last = self.counts[1] - 1     # LEFT
        if self.others[0] and last < self.state.capacity:
            for which in range(2):
                self.others[which][last] = cpu_time(self.clocks[which])

    def run(self):
        """Run the two vCPUs in the calling thread until stop(), or an unexpected exit."""
        cdef kb_vcpu_thread *thread = &self.state
        cdef uint64_t stamp
        cdef int failed
        cdef uint8_t *exits = NULL
        if kb_vcpu_thread_begin(thread):
            thread.error = errno
            thread.ended = 1
            return
        if self.way == IDLE_ONLY:
            exits = <uint8_t *>thread.run + KVM_RUN_KBENCH_EXITS
        with nogil:
            if self.run_vtl1():     # to its first VTL_RETURN
                while not thread.stop:
                    failed = ioctl(thread.fd, KVM_RUN, NULL)
                    stamp = stamp_end()
                    thread.run.immediate_exit = 0
                    if exits:
                        kb_ask(exits, 0)
                    if failed < 0:
                        if errno != EINTR:
                            thread.error = errno
                            break
                    elif thread.run.exit_reason == KVM_EXIT_HLT:
                        thread.idle_exits += 1
                        if self.way == POLLED:
                            self.wait()
                            stamp = 0
                    else:
                        thread.reason = thread.run.exit_reason
                        thread.unexpected = 1
                        break
                    if kb_take(self.pending):
                        if stamp:
                            self.note(LEFT, stamp)
                        if not self.run_vtl1():
                            break
                        if stamp:
                            self.note_cpu()
            kb_vcpu_thread_end(thread)

    def calls(self, uint64_t count):
        """Let VTL0 call VTL1 `count` times in the calling thread, each time until it returns.

        Keeps LEFT, the return of KVM_RUN with VTL0's VTL_CALL, and RETURNED.
        """
        cdef kb_vcpu_thread *thread = &self.state
        if kb_vcpu_thread_begin(thread):
            thread.error = errno
            thread.ended = 1
            return
        with nogil:
            if self.run_vtl1():
                while count and not thread.stop:
                    if ioctl(thread.fd, KVM_RUN, NULL) < 0:
                        if errno != EINTR:
                            thread.error = errno
                            break
                        continue
                    if thread.run.exit_reason != KVM_EXIT_IO:
                        thread.reason = thread.run.exit_reason
                        thread.unexpected = 1
                        break
                    self.note(LEFT, stamp_end())
                    if not self.run_vtl1():
                        break
                    count -= 1
            kb_vcpu_thread_end(thread)

    cdef bint run_vtl1(self) noexcept nogil:
        """Run VTL1 until its VTL_RETURN; false when KVM_RUN ended otherwise."""
        cdef kb_vcpu_thread *thread = &self.state
        if self.moves and not self.move(thread.fd, self.fd1):
            return False
        while not thread.stop:
            if ioctl(self.fd1, KVM_RUN, NULL) == 0:
                if self.run1.exit_reason != KVM_EXIT_IO:
                    thread.reason = self.run1.exit_reason
                    thread.unexpected = 1
                    return False
                self.note(RETURNED, stamp_end())
                return not self.moves or self.move(self.fd1, thread.fd)
            if errno != EINTR:
                thread.error = errno
                return False
        return True

    cdef bint move(self, int source, int target) noexcept nogil:
        """Move what the VTLs share; false when that failed.

        By the Hypervisor Top Level Functional Specification (Virtual Secure Mode, isolation of the
        virtual processor's state) that is the general-purpose registers but RSP, and the FPU. Here
        rbp and r8 to r15 are private too: the guests keep in them what a kernel has in memory.
        """
        cdef kvm_regs ours, theirs
        if (ioctl(source, KVM_GET_REGS, &ours) < 0 or ioctl(target, KVM_GET_REGS, &theirs) < 0):
            self.state.error = errno
            return False
        theirs.rax, theirs.rbx, theirs.rcx, theirs.rdx = ours.rax, ours.rbx, ours.rcx, ours.rdx
        theirs.rsi, theirs.rdi = ours.rsi, ours.rdi
        if (ioctl(target, KVM_SET_REGS, &theirs) < 0
                or ioctl(source, KVM_GET_XSAVE, &self.xsave[0]) < 0
                or ioctl(target, KVM_SET_XSAVE, &self.xsave[0]) < 0):
            self.state.error = errno
            return False
        return True

    cdef void wait(self) noexcept nogil:
        """VTL0 is halted: wait until either VTL has an event."""
        if self.state.run.immediate_exit or poll(self.waits, 2, -1) <= 0:
            return
        if self.waits[1].revents:
            self.note(NOTICED, stamp_end())
            kb_set(self.pending)
            if self.reads:
                read_eventfd(self.waits[1].fd)
            if self.message:
                ioctl(self.vm, KVM_SIGNAL_MSI, <const void *>self.message)
        if self.waits[0].revents and self.reads:
            read_eventfd(self.waits[0].fd)

    cdef void tell(self) noexcept nogil:
        """VTL1 has an interrupt: make this VP's thread run it."""
        cdef uint8_t *run = <uint8_t *>self.state.run
        kb_set(self.pending)
        if self.way == IDLE_ONLY:
            kb_ask(run + KVM_RUN_KBENCH_EXITS, KVM_KBENCH_EXIT_HLT)
            if idle_flag(self.state.run) != KVM_KBENCH_IDLE_HLT:
                return
        kb_vcpu_thread_kick(&self.state)


def relay(VirtualProcessor vp, int fd, int vm, size_t message):
    """Read the eventfd `fd` in the calling thread until `vp` is stopped; each time tell `vp`.

    With `message`, the address of a struct kvm_msi, send that to `vm` first, as a VMM does that
    routes the interrupt itself. Without, KVM has routed it and `fd` is the vCPU's (vcpu_poll).
    """
    with nogil:
        while not vp.state.stop:
            if not read_eventfd(fd) or vp.state.stop:
                continue
            vp.note(NOTICED, stamp_end())
            if message:
                ioctl(vm, KVM_SIGNAL_MSI, <const void *>message)
            vp.tell()


def watch(VirtualProcessor vp, int epoll):
    """As relay(), with epoll(7): `epoll` waits for the vCPU (vcpu_poll) and for the end."""
    cdef epoll_event event
    with nogil:
        while not vp.state.stop:
            if epoll_wait(epoll, &event, 1, -1) == 1 and not vp.state.stop:
                vp.note(NOTICED, stamp_end())
                vp.tell()
