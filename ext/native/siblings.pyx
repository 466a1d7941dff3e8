# SPDX-License-Identifier: MIT
# cython: language_level=3
"""A sibling of the measured vCPU, which a thread runs until it is stopped."""

from libc.errno cimport EINTR, errno

from kbench._native.kvm cimport KVM_RUN, ioctl, kvm_run

cdef extern from *:
    """
    #include "signals.h"

    static void kb_sibling_kicked(int signal) { (void)signal; }

    /* Make the thread's KVM_RUN return EINTR. The signal needs a handler, or it kills. */
    static int kb_sibling_kick(int tid)
    {
        struct sigaction action = { .sa_handler = kb_sibling_kicked };

        sigemptyset(&action.sa_mask);
        if (sigaction(KB_SIGNAL_SIBLING, &action, NULL))
            return -1;
        return kb_signal_thread(tid, KB_SIGNAL_SIBLING);
    }
    """
    int kb_sibling_kick(int tid)


def run(int fd, size_t address):
    """KVM_RUN of the vCPU `fd`, whose struct kvm_run is at `address`, until stop().

    Returns (exit reason, errno) of the entry that ended it: errno is EINTR after stop().
    """
    cdef kvm_run *shared = <kvm_run *>address
    cdef int error = 0
    with nogil:
        while True:
            if ioctl(fd, KVM_RUN, NULL) == 0:
                break
            error = errno
            if error != EINTR or shared.immediate_exit:
                break
    return shared.exit_reason, error


def stop(size_t address, int tid):
    """End run() in the thread `tid`, wherever it is.

    immediate_exit comes first: a signal just before the ioctl would be lost.
    """
    (<kvm_run *>address).immediate_exit = 1
    kb_sibling_kick(tid)
