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
    CLOCK_MONOTONIC, TIMER_ABSTIME, clock_gettime, clock_nanosleep, timespec,
)
import array

from kbench._native.clock cimport stamp_begin
from kbench._native.vcpu_thread cimport VcpuThread
from kbench._native.wake_sources cimport Wake, WakeSource, fire


cdef inline int64_t monotonic() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * <int64_t>1_000_000_000 + now.tv_nsec


def fire_at(
    const int64_t[::1] plan,
    const uint8_t[::1] which,
    tuple sources,
    VcpuThread vcpu_thread,
    uint64_t tsc_khz,
    int64_t margin,
    uint64_t[::1] planned,
    uint64_t[::1] fired,
):
    """Fire sources[which[n]] at plan[n] (CLOCK_MONOTONIC, ns, increasing), for all n.

    There are one or two sources; `which`, `planned` and `fired` are as long as `plan`.

    The waker sleeps until `margin` ns before each time and spins for the rest. In TSC ticks,
    `planned` takes when each event was due and `fired` the stamp just before it was fired.
    Returns the number of events, fewer than planned when `vcpu_thread` has ended.
    Raises ValueError for other lengths, OSError when a source fails, and whatever a Python
    signal handler raises.
    """
    cdef Wake *wakes[2]
    cdef Py_ssize_t done = 0, total = plan.shape[0]
    cdef int64_t until
    cdef uint64_t tick
    cdef timespec target
    cdef int error = 0
    if not 1 <= len(sources) <= 2:
        raise ValueError(f"one or two sources, not {len(sources)}")
    if not total == which.shape[0] == planned.shape[0] == fired.shape[0]:
        raise ValueError("plan, which, planned and fired differ in length")
    wakes[0] = &(<WakeSource>sources[0]).state
    wakes[1] = &(<WakeSource>sources[len(sources) - 1]).state
    while done < total and not vcpu_thread.state.ended:
        PyErr_CheckSignals()
        with nogil:
            until = plan[done] - margin
            target.tv_sec = until // 1_000_000_000
            target.tv_nsec = until % 1_000_000_000
            error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &target, NULL)
            if error == 0:
                # Within the margin the two clocks drift apart by less than a tick.
                tick = stamp_begin()
                until = (plan[done] - monotonic()) * <int64_t>tsc_khz // 1_000_000
                planned[done] = tick + until
                while tick < planned[done]:
                    tick = stamp_begin()
                fired[done] = tick
                if fire(wakes[which[done] != 0]) < 0:
                    error = errno
                else:
                    done += 1
        if error == EINTR:
            continue    # a signal interrupted the sleep or an ENTER
        if error:
            PyErr_SetFromErrno(OSError)
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
