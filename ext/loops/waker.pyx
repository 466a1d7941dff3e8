# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""The open-loop waker: fires at planned absolute times, whether or not anyone is ready.

Everything is measured from the planned time, so an event that had to wait for an
earlier one counts in full (no coordinated omission).
"""

from cpython.exc cimport PyErr_CheckSignals, PyErr_SetFromErrno
from libc.errno cimport EINTR, errno
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.time cimport time_t
import array

from clock cimport stamp_begin
from lanes cimport Lane, Queue, kb_lane, kb_lane_kick, kb_queue, kb_queue_arrive

cdef extern from "<sys/ioctl.h>" nogil:
    int ioctl(int fd, unsigned long request, void *argument)

cdef extern from "<linux/kvm.h>" nogil:
    unsigned long KVM_RUN
    unsigned long KVM_SIGNAL_MSI
    int KVM_MP_STATE_HALTED

cdef extern from "kvm_kbench.h" nogil:
    int KVM_KBENCH_IDLE_HLT, KVM_RUN_KBENCH_MP_STATE, KVM_KBENCH_MP_STATE_VALID

cdef extern from "<poll.h>" nogil:
    struct pollfd:
        int fd
        short events
        short revents
    short POLLIN
    int poll(pollfd *fds, unsigned long count, int timeout)

cdef extern from "<unistd.h>" nogil:
    ssize_t write(int fd, const void *buffer, size_t count)

cdef extern from "<time.h>" nogil:
    struct timespec:
        time_t tv_sec
        long tv_nsec
    int CLOCK_MONOTONIC
    int TIMER_ABSTIME
    int clock_gettime(int clock, timespec *now)
    int clock_nanosleep(int clock, int flags, const timespec *until, timespec *left)

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

cdef enum Kind:
    TIMER       # nothing to do: the guest's own timer fires
    EVENTFD     # write(eventfd): an irqfd, or a VMM that reads it
    MSI         # ioctl(KVM_SIGNAL_MSI)
    ENTER       # ioctl(KVM_RUN) of a sibling vCPU, whose guest sends an IPI
    KICK        # a signal to the vCPU's thread
    STORE       # a store to guest memory
    ENQUEUE     # an item of work for a thread that waits for an eventfd
    HUNT        # an item of work, and a kick for an idle vCPU

cdef enum Find:
    NOTED       # by what a vCPU's thread noted at its last idle exit
    FLAG        # by kvm_run.flags (M4)
    BYTE        # by mp_state in kvm_run (M9)
    POLL        # by poll(2) of the vCPUs (M8)

FINDS = {"kick": NOTED, "flag": FLAG, "byte": BYTE, "poll": POLL}

cdef struct Firing:
    Kind kind
    int fd
    size_t address
    kb_queue *queue
    kb_lane *lanes[64]
    pollfd polled[64]
    int count
    int next
    Find find
    uint64_t found      # hunts that found an idle vCPU


cdef class Source:
    """What fires; made by one of the functions below. At most 64 lanes are hunted."""

    cdef Firing firing
    cdef object keep    # what firing points to

    @property
    def found(self):
        """How many hunts found an idle vCPU; the others signalled the next in turn."""
        return self.firing.found


def _source(Kind kind, int fd=-1, size_t address=0, Queue queue=None, lanes=()):
    cdef Source source = Source()
    cdef Firing *firing = &source.firing
    cdef Lane lane
    firing.kind, firing.fd, firing.address = kind, fd, address
    firing.queue = &queue.queue if queue is not None else NULL
    for lane in lanes[:64]:
        firing.lanes[firing.count] = &lane.lane
        firing.polled[firing.count].fd = lane.lane.fd
        firing.polled[firing.count].events = POLLIN
        firing.count += 1
    source.keep = (queue, lanes)
    return source


def timer():
    return _source(TIMER)


def eventfd(int fd):
    return _source(EVENTFD, fd)


def signal_msi(int vm, size_t message):
    """`message` is the address of a struct kvm_msi."""
    return _source(MSI, vm, message)


def enter(int vcpu):
    return _source(ENTER, vcpu)


def kick(Lane lane):
    return _source(KICK, lanes=(lane,))


def store(size_t address):
    """`address` is the host's, of an aligned 32-bit word."""
    return _source(STORE, address=address)


def enqueue(Queue queue, int fd):
    return _source(ENQUEUE, fd, queue=queue)


def hunt(Queue queue, lanes, str how="kick"):
    """`how` an idle vCPU is found is one of FINDS."""
    cdef Source source = _source(HUNT, queue=queue, lanes=tuple(lanes))
    source.firing.find = FINDS[how]
    return source


cdef inline bint looks_idle(Firing *source, int at) noexcept nogil:
    """What the VMM sees of a vCPU, wherever its thread is."""
    cdef kb_lane *lane = source.lanes[at]
    cdef uint8_t *run = <uint8_t *>lane.run
    cdef int flag
    if source.find == FLAG:
        # Bits 8 to 10 of kvm_run.flags; 0 outside KVM_RUN, HLT, MWAIT and PAUSE are 2 to 4.
        flag = run[15] & 7
        return flag >= KVM_KBENCH_IDLE_HLT or (flag == 0 and lane.idle)
    if source.find == BYTE:
        return run[KVM_RUN_KBENCH_MP_STATE] == (KVM_KBENCH_MP_STATE_VALID | KVM_MP_STATE_HALTED)
    if source.find == POLL:
        return source.polled[at].revents == 0
    return lane.idle


cdef int find_idle(Firing *source) noexcept nogil:
    """An idle lane, or the next in turn where none is known to be."""
    cdef int step, at
    if source.find == POLL:
        poll(source.polled, source.count, 0)
    for step in range(source.count):
        at = (source.next + step) % source.count
        if looks_idle(source, at):
            source.next = (at + 1) % source.count
            source.found += 1
            return at
    at = source.next
    source.next = (at + 1) % source.count
    return at


cdef int fire(Firing *source) noexcept nogil:
    cdef uint64_t one = 1
    if source.kind == EVENTFD:
        return 0 if write(source.fd, &one, 8) == 8 else -1
    if source.kind == MSI:
        return ioctl(source.fd, KVM_SIGNAL_MSI, <void *>source.address)
    if source.kind == ENTER:
        return ioctl(source.fd, KVM_RUN, NULL)
    if source.kind == KICK:
        return kb_lane_kick(source.lanes[0])
    if source.kind == STORE:
        kb_store(source.address)
        return 0
    if source.kind == ENQUEUE:
        kb_queue_arrive(source.queue)
        return 0 if source.fd < 0 or write(source.fd, &one, 8) == 8 else -1
    if source.kind == HUNT:
        kb_queue_arrive(source.queue)
        return kb_lane_kick(source.lanes[find_idle(source)])
    return 0


cdef inline int64_t monotonic() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * <int64_t>1_000_000_000 + now.tv_nsec


def fire_at(
    const int64_t[::1] plan,
    const uint8_t[::1] which,
    tuple sources,
    Lane lane,
    uint64_t tsc_khz,
    int64_t margin,
    uint64_t[::1] planned,
    uint64_t[::1] fired,
):
    """Fire sources[which[n]] at plan[n] (CLOCK_MONOTONIC, ns, increasing), for all n.

    The thread sleeps until `margin` ns before each time and spins the rest. `planned` and
    `fired` take TSC ticks: when it should have fired, and the stamp just before it did.
    Returns the number of events; fewer than planned when the thread of `lane` ended.
    Raises OSError when a source fails, and what a signal handler raises.
    """
    cdef Firing *firings[2]
    cdef Py_ssize_t done = 0, total = plan.shape[0]
    cdef int64_t until
    cdef uint64_t tick
    cdef timespec target
    cdef int error = 0
    firings[0] = &(<Source>sources[0]).firing
    firings[1] = &(<Source>sources[len(sources) - 1]).firing
    while done < total and not lane.lane.ended:
        PyErr_CheckSignals()
        with nogil:
            until = plan[done] - margin
            target.tv_sec = until // 1_000_000_000
            target.tv_nsec = until % 1_000_000_000
            error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &target, NULL)
            if error == 0:
                # The two clocks drift apart by less than a tick within the margin.
                tick = stamp_begin()
                until = (plan[done] - monotonic()) * <int64_t>tsc_khz // 1_000_000
                planned[done] = tick + until
                while tick < planned[done]:
                    tick = stamp_begin()
                fired[done] = tick
                if fire(firings[which[done] != 0]) < 0:
                    error = errno
                else:
                    done += 1
        if error == EINTR:
            continue    # a signal for Python, or an ENTER that one interrupted
        if error:
            PyErr_SetFromErrno(OSError)
    return done


def sleep_until(int64_t until, Lane lane):
    """Sleep to this time (CLOCK_MONOTONIC, ns), less where the thread of `lane` ends."""
    cdef timespec target
    cdef int64_t now = monotonic()
    while now < until and not lane.lane.ended:
        PyErr_CheckSignals()
        now = min(until, now + 50_000_000)
        target.tv_sec = now // 1_000_000_000
        target.tv_nsec = now % 1_000_000_000
        with nogil:
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &target, NULL)
        now = monotonic()


def monotonic_ns():
    """CLOCK_MONOTONIC now."""
    return monotonic()


def answers(const uint64_t[::1] fired, const uint64_t[::1] stamps):
    """For each event the index of the first of `stamps` (increasing) that is not before
    fired[n], -1 where there is none: an array('q').

    Two events that one handler served get the same one: interrupts coalesce.
    """
    cdef Py_ssize_t n, at = 0
    found = array.array("q", bytes(8 * fired.shape[0]))
    cdef int64_t[::1] index = found
    for n in range(fired.shape[0]):
        while at < stamps.shape[0] and stamps[at] < fired[n]:
            at += 1
        index[n] = at if at < stamps.shape[0] else -1
    return found
