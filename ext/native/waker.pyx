# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""The open-loop waker: fires at planned absolute times, whether or not the vCPU is ready.

Latencies are measured from the planned time, so an event that had to wait for an earlier
one counts in full (no coordinated omission).
"""

from cpython.exc cimport PyErr_CheckSignals, PyErr_SetFromErrno
from libc.errno cimport EINTR, errno
from libc.stdint cimport int64_t, uint8_t, uint64_t
from posix.time cimport (
    CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID, TIMER_ABSTIME, clock_gettime, clock_nanosleep,
    timespec,
)
import array

from kbench._native.clock cimport stamp_begin, stamp_end
from kbench._native.vcpu_thread cimport VcpuThread
from kbench._native.wake_sources cimport Wake, WakeSource, fire
from kbench._native.work cimport cpu_time


cdef inline int64_t monotonic() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * <int64_t>1_000_000_000 + now.tv_nsec


cdef class WakerLog:
    """What the waker did, by event: arrays of TSC ticks.

    `planned` is when the event was due, `fired` the stamp just before it was fired and `raised`
    the one after. With `accounts` the waker also reads its own CPU clock before each event:
    `epoch` is the TSC at which that clock would have begun, had the waker run ever since.
    """

    cdef readonly object planned, fired, raised, epoch
    cdef bint accounts
    cdef Py_ssize_t count

    def __cinit__(self, Py_ssize_t count, bint accounts=False):
        self.planned, self.fired, self.raised, self.epoch = (
            array.array("Q", bytes(8 * count)) for _ in range(4)
        )
        self.accounts = accounts
        self.count = count


cdef inline uint64_t own_epoch(uint64_t tsc_khz) noexcept nogil:
    """The TSC less the calling thread's CPU time, to within half of a system call."""
    cdef uint64_t before = stamp_begin(), used
    used = cpu_time(CLOCK_THREAD_CPUTIME_ID)
    return (before + stamp_begin()) // 2 - used * tsc_khz // 1_000_000


def fire_at(
    const int64_t[::1] plan,
    const uint8_t[::1] which,
    tuple sources,
    VcpuThread vcpu_thread,
    uint64_t tsc_khz,
    int64_t margin,
    int64_t settle,
    WakerLog log,
):
    """Fire sources[which[n]] at plan[n] (CLOCK_MONOTONIC, ns, increasing), for all n.

    There are one or two sources; `which` and `log` are as long as `plan`.

    The waker sleeps until `margin` ns before each time and spins for the rest. After the last
    event it sleeps for `settle` ns: like every other event, the last has its answer before the
    interpreter runs again, which would delay a vCPU on the waker's pCPU.
    Returns the number of events, fewer than planned when `vcpu_thread` has ended.
    Raises ValueError for other lengths, OSError when a source fails, and whatever a Python
    signal handler raises.
    """
    cdef Wake *wakes[2]
    cdef Py_ssize_t done = 0, total = plan.shape[0]
    cdef uint64_t[::1] planned = log.planned, fired = log.fired
    cdef uint64_t[::1] raised = log.raised, epoch = log.epoch
    cdef int64_t until
    cdef uint64_t tick
    cdef timespec target
    cdef int error = 0
    if not 1 <= len(sources) <= 2:
        raise ValueError(f"one or two sources, not {len(sources)}")
    if not total == which.shape[0] == log.count:
        raise ValueError("plan, which and log differ in length")
    wakes[0] = &(<WakeSource>sources[0]).state
    wakes[1] = &(<WakeSource>sources[len(sources) - 1]).state
    while total and not vcpu_thread.state.ended:
        PyErr_CheckSignals()
        with nogil:
            while not vcpu_thread.state.ended:
                until = plan[done] - margin if done < total else plan[total - 1] + settle
                target.tv_sec = until // 1_000_000_000
                target.tv_nsec = until % 1_000_000_000
                error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &target, NULL)
                if error or done == total:
                    break
                if log.accounts:
                    epoch[done] = own_epoch(tsc_khz)
                # Within the margin the two clocks drift apart by less than a tick.
                tick = stamp_begin()
                until = (plan[done] - monotonic()) * <int64_t>tsc_khz // 1_000_000
                planned[done] = tick + until
                while tick < planned[done]:
                    tick = stamp_begin()
                fired[done] = tick
                if fire(wakes[which[done] != 0]) < 0:
                    error = errno
                    break
                raised[done] = stamp_end()
                done += 1
        if error == EINTR:
            continue    # a signal interrupted a sleep or an ENTER
        if error:
            PyErr_SetFromErrno(OSError)
        break
    return done


def sleep_until(int64_t until, VcpuThread vcpu_thread):
    """Sleep until this time (CLOCK_MONOTONIC, ns), or until `vcpu_thread` has ended."""
    cdef timespec target
    cdef int64_t now = monotonic()
    while now < until and not vcpu_thread.state.ended:
        PyErr_CheckSignals()
        now = min(until, now + 50_000_000)
        target.tv_sec = now // 1_000_000_000
        target.tv_nsec = now % 1_000_000_000
        with nogil:
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &target, NULL)
        now = monotonic()


def rest_until(int64_t until):
    """Sleep until this time (CLOCK_MONOTONIC, ns), whatever the vCPU threads do meanwhile.

    Nothing but a signal of this process wakes the thread before, on the pCPU of a vCPU.
    """
    cdef timespec target
    target.tv_sec = until // 1_000_000_000
    target.tv_nsec = until % 1_000_000_000
    cdef int error = EINTR
    while error == EINTR:
        PyErr_CheckSignals()
        with nogil:
            error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &target, NULL)


def monotonic_ns():
    """CLOCK_MONOTONIC now, in ns."""
    return monotonic()


def answers(const uint64_t[::1] fired, const uint64_t[::1] stamps):
    """The index of each event's answer, -1 when it has none: an array('q').

    The answer to event n is the first of `stamps` (increasing) that is not before fired[n].
    Interrupts coalesce, so two events may have the same answer.
    """
    cdef Py_ssize_t n, at = 0
    found = array.array("q", bytes(8 * fired.shape[0]))
    cdef int64_t[::1] index = found
    for n in range(fired.shape[0]):
        while at < stamps.shape[0] and stamps[at] < fired[n]:
            at += 1
        index[n] = at if at < stamps.shape[0] else -1
    return found
