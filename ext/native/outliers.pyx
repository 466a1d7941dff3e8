# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""The KVM_RUN loop that stops at the first round trip beyond a limit (`run --stop-above`).

It is a module of its own so that the measuring loop of exits.pyx has no branch and no reading
for it. Between the stamps is what is there; around them the thread's counters are read.
"""

from cpython.exc cimport PyErr_CheckSignals
from libc.errno cimport errno
from libc.stdint cimport uint32_t, uint64_t
from posix.resource cimport rusage
from posix.time cimport CLOCK_THREAD_CPUTIME_ID, clock_gettime, timespec
from posix.unistd cimport write

from kbench._native.clock cimport stamp_begin, stamp_end
from kbench._native.hdr cimport Counts, Histogram, record
from kbench._native.kvm cimport (
    KVM_MP_STATE_RUNNABLE, KVM_RUN, KVM_SET_MP_STATE, ioctl, kvm_mp_state, kvm_run,
)
from kbench._native.watchdog cimport Watchdog, kb_watchdog

cdef extern from "<sched.h>" nogil:
    int sched_getcpu()

cdef extern from "<sys/resource.h>" nogil:
    enum:
        RUSAGE_THREAD
    int getrusage(int who, rusage *usage)

cdef struct Reading:
    int cpu
    uint64_t cpu_ns
    rusage usage

cdef inline void read_thread(Reading *self) noexcept nogil:
    cdef timespec ran
    self.cpu = sched_getcpu()
    getrusage(RUSAGE_THREAD, &self.usage)
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ran)
    self.cpu_ns = <uint64_t>ran.tv_sec * 1_000_000_000 + <uint64_t>ran.tv_nsec

cdef inline bint freeze(int marker, int tracing_on) noexcept nogil:
    """Mark the place in the kernel's trace and stop it; whether both are done. -1 for none."""
    cdef bint marked = marker < 0 or write(marker, b"kbench: beyond the limit", 24) > 0
    return (tracing_on < 0 or write(tracing_on, b"0", 1) > 0) and marked


cdef class Outlier:
    """The first round trip that took more than `limit` ticks of the TSC.

    `marker` and `tracing_on` are files of the kernel's trace that are open for writing, -1
    for none. `ticks` is 0 until there is one. What the thread did from the reading before
    its first stamp to the one behind its last: `cpus` are the two CPUs, `cpu_ns` its CPU time,
    and `counts` its voluntary and involuntary switches, minor and major page faults. `frozen`:
    the trace, if there is one, was marked and stopped.
    """

    cdef readonly uint64_t limit, ticks, begin
    cdef readonly bint frozen
    cdef int marker, tracing_on
    cdef Reading before, after

    def __init__(self, uint64_t limit, int marker, int tracing_on):
        self.limit, self.marker, self.tracing_on = limit, marker, tracing_on
        self.ticks = self.begin = 0
        self.frozen = False

    @property
    def cpus(self):
        return self.before.cpu, self.after.cpu

    @property
    def cpu_ns(self):
        return self.after.cpu_ns - self.before.cpu_ns

    @property
    def counts(self):
        return (
            self.after.usage.ru_nvcsw - self.before.usage.ru_nvcsw,
            self.after.usage.ru_nivcsw - self.before.usage.ru_nivcsw,
            self.after.usage.ru_minflt - self.before.usage.ru_minflt,
            self.after.usage.ru_majflt - self.before.usage.ru_majflt,
        )


def round_trips(
    int fd, uint32_t expect, uint64_t loops, Histogram histogram, Watchdog watchdog,
    Outlier outlier, bint halts,
):
    """As exits.round_trips(), up to the first round trip beyond the limit, which is recorded.

    `halts`: make the vCPU runnable before each entry, as exits.halts() does.
    """
    cdef Counts counts = histogram.counts
    cdef kb_watchdog *limit = &watchdog.state
    cdef kvm_run *run = watchdog.run
    cdef kvm_mp_state runnable
    cdef uint64_t done = 0, begin, end
    cdef int error = 0
    runnable.mp_state = KVM_MP_STATE_RUNNABLE
    with nogil:
        while done < loops:
            if halts and ioctl(fd, KVM_SET_MP_STATE, &runnable) < 0:
                error = errno
                break
            read_thread(&outlier.before)
            begin = stamp_begin()
            if ioctl(fd, KVM_RUN, NULL) < 0:
                error = errno
                break
            end = stamp_end()
            if run.exit_reason != expect:
                break
            record(&counts, end - begin)
            done += 1
            limit.progress += 1
            if end - begin > outlier.limit:
                read_thread(&outlier.after)
                outlier.frozen = freeze(outlier.marker, outlier.tracing_on)
                outlier.begin, outlier.ticks = begin, end - begin
                break
    histogram.counts = counts
    PyErr_CheckSignals()
    return done, error
