# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""The VMM's own work: a queue from which several threads take items."""

from cpython cimport array
from libc.stdint cimport UINT64_MAX, uint64_t
from posix.types cimport clockid_t
import array


cdef class WorkQueue:
    """The VMM's maintenance work: items that arrive and cost `rounds` of computation each.

    The starts of the first `capacity` items are kept.
    """

    def __cinit__(self, size_t capacity, uint64_t rounds):
        self._starts = array.array("Q", bytes(8 * capacity))
        self.state.starts = (<array.array>self._starts).data.as_ulonglongs
        self.state.capacity = capacity
        self.state.rounds = rounds

    def note_waker(self, clockid_t clock):
        """Also note the waker's CPU time when an item is taken: its CPU clock is `clock`."""
        self._waker_cpu = array.array("Q", bytes(8 * self.state.capacity))
        self.state.waker_clock = clock
        self.state.waker_cpu = (<array.array>self._waker_cpu).data.as_ulonglongs

    def reset(self, bint endless=False):
        """Empty the queue; with `endless` it never runs out of items."""
        self.state.taken = self.state.done = 0
        self.state.arrived = UINT64_MAX if endless else 0

    @property
    def done(self):
        """Number of items that are finished."""
        return self.state.done

    @property
    def starts(self):
        """When each item was taken, in TSC ticks: an array('Q')."""
        return self._starts[:min(self.state.taken, self.state.capacity)]

    @property
    def waker_cpu(self):
        """The waker's CPU time at each of `starts`, in ns: an array('Q'). After note_waker()."""
        return self._waker_cpu[:min(self.state.taken, self.state.capacity)]
