# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""Port I/O, mount(2) and init_module(2) for the agent inside the lab.

The agent returns results by writing to I/O ports, so the guest never waits for the host and
the count of instructions does not depend on it. Every function needs root; mount(),
init_module() and privilege() raise OSError when the kernel refuses.
"""

from libc.errno cimport errno

import os


cdef extern from "<sys/io.h>" nogil:
    int iopl(int level)
    void c_outb "outb"(unsigned char value, unsigned short port)
    void c_outl "outl"(unsigned int value, unsigned short port)
    void outsb(unsigned short port, const void *address, unsigned long count)

cdef extern from "<sys/mount.h>" nogil:
    int c_mount "mount"(const char *source, const char *target, const char *kind,
                        unsigned long flags, const void *data)

cdef extern from "<unistd.h>" nogil:
    long syscall(long number, ...)

cdef extern from "<sys/syscall.h>" nogil:
    long SYS_init_module


def privilege(int level):
    """Set the I/O privilege level (iopl(2)): 3 for outb(), outl() and write(), 0 to measure.

    At level 3 each system call takes 49 more instructions.
    """
    if iopl(level):
        raise OSError(errno, os.strerror(errno), "iopl")


def outb(unsigned short port, unsigned char value):
    """Write one byte to an I/O port."""
    c_outb(value, port)


def outl(unsigned short port, unsigned int value):
    """Write four bytes to an I/O port."""
    c_outl(value, port)


def write(unsigned short port, const unsigned char[::1] data):
    """Write all of `data` to one I/O port, byte by byte (REP OUTSB)."""
    if data.shape[0]:
        outsb(port, &data[0], data.shape[0])


def mount(bytes kind, bytes target):
    """Mount the pseudo file system `kind` (such as b"proc") on the directory `target`."""
    if c_mount(kind, target, kind, 0, NULL):
        raise OSError(errno, os.strerror(errno), target)


def init_module(const unsigned char[::1] image, bytes options=b""):
    """Load the kernel module whose ELF file is `image`, with these parameters."""
    cdef const char *text = options
    if syscall(SYS_init_module, &image[0], <unsigned long>image.shape[0], text):
        raise OSError(errno, os.strerror(errno), "init_module")
