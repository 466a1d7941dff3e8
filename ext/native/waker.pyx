# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""The open-loop waker: fires at planned absolute times, whether or not anyone is ready.

Everything is measured from the planned time, so an event that had to wait for an
earlier one counts in full (no coordinated omission).
"""

from cpython.exc cimport PyErr_CheckSignals, PyErr_SetFromErrno
from libc.errno cimport EINTR, errno
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.time cimport time_t
import array

from clock cimport stamp_begin
from vcpu_thread cimport VcpuThread
from wake_sources cimport Wake, WakeSource, fire

cdef extern from "<time.h>" nogil:
    struct timespec:
        time_t tv_sec
        long tv_nsec
    int CLOCK_MONOTONIC
    int TIMER_ABSTIME
    int clock_gettime(int clock, timespec *now)
    int clock_nanosleep(int clock, int flags, const timespec *until, timespec *left)


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

    The thread sleeps until `margin` ns before each time and spins the rest. `planned` and
    `fired` take TSC ticks: when it should have fired, and the stamp just before it did.
    Returns the number of events; fewer than planned when the thread of `vcpu_thread` ended.
    Raises OSError when a source fails, and what a signal handler raises.
    """
    cdef Wake *wakes[2]
    cdef Py_ssize_t done = 0, total = plan.shape[0]
    cdef int64_t until
    cdef uint64_t tick
    cdef timespec target
    cdef int error = 0
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
                # The two clocks drift apart by less than a tick within the margin.
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
            continue    # a signal for Python, or an ENTER that one interrupted
        if error:
            PyErr_SetFromErrno(OSError)
    return done


def sleep_until(int64_t until, VcpuThread vcpu_thread):
    """Sleep to this time (CLOCK_MONOTONIC, ns), less where the thread of `vcpu_thread` ends."""
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
