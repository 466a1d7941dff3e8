# SPDX-License-Identifier: MIT
from libc.stdint cimport uint64_t
from posix.unistd cimport read, write


cdef inline bint read_eventfd(int fd) noexcept nogil:
    """Wait for the eventfd, if it blocks, and reset it; false when there was nothing to read."""
    cdef uint64_t count
    return read(fd, &count, sizeof(count)) == sizeof(count)


cdef inline bint write_eventfd(int fd) noexcept nogil:
    """Signal the eventfd; false when that failed."""
    cdef uint64_t one = 1
    return write(fd, &one, sizeof(one)) == sizeof(one)
