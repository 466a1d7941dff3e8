# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""What the agent inside the lab needs and CPython's standard library has not.

Port I/O is how the agent talks to QEMU: nothing of it waits for the host, so
nothing of it disturbs the count of instructions. Every function needs root.
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
    """Set the I/O privilege level: 3 to use the functions below, 0 for measuring.

    At level 3 each system call costs 49 instructions more.
    """
    if iopl(level):
        raise OSError(errno, os.strerror(errno), "iopl")


def outb(unsigned short port, unsigned char value):
    """Write one byte to a port."""
    c_outb(value, port)


def outl(unsigned short port, unsigned int value):
    """Write four bytes to a port."""
    c_outl(value, port)


def write(unsigned short port, const unsigned char[::1] data):
    """Write all of `data` to one port, byte by byte."""
    if data.shape[0]:
        outsb(port, &data[0], data.shape[0])


def mount(bytes kind, bytes target):
    """Mount the pseudo file system `kind` on the directory `target`."""
    if c_mount(kind, target, kind, 0, NULL):
        raise OSError(errno, os.strerror(errno), target)


def init_module(const unsigned char[::1] image, bytes options=b""):
    """Load the kernel module whose ELF file is `image` (init_module(2))."""
    cdef const char *text = options
    if syscall(SYS_init_module, &image[0], <unsigned long>image.shape[0], text):
        raise OSError(errno, os.strerror(errno), "init_module")
