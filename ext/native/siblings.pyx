# SPDX-License-Identifier: MIT
# cython: language_level=3
"""A vCPU that runs beside the measured one, in a thread of its own, until it is stopped."""

from libc.errno cimport EINTR, errno

from watchdog cimport kb_run

cdef extern from "<sys/ioctl.h>" nogil:
    int ioctl(int fd, unsigned long request, long argument)

cdef extern from "<linux/kvm.h>" nogil:
    unsigned long KVM_RUN

cdef extern from *:
    """
    #include <signal.h>
    #include <sys/syscall.h>
    #include <unistd.h>

    static void kb_sibling_kicked(int signal) { (void)signal; }

    /* Make the thread's KVM_RUN return EINTR. The signal needs a handler, or it kills. */
    static int kb_sibling_kick(int tid)
    {
        struct sigaction action = { .sa_handler = kb_sibling_kicked };

        sigemptyset(&action.sa_mask);
        if (sigaction(SIGRTMIN + 3, &action, NULL))
            return -1;
        return syscall(SYS_tgkill, getpid(), tid, SIGRTMIN + 3);
    }
    """
    int kb_sibling_kick(int tid)


def run(int fd, size_t address):
    """KVM_RUN of the vCPU `fd`, whose struct kvm_run is at `address`, until stop().

    Returns (exit reason, errno) of the entry that ended it: errno is EINTR after stop().
    """
    cdef kb_run *shared = <kb_run *>address
    cdef int error = 0
    with nogil:
        while True:
            if ioctl(fd, KVM_RUN, 0) == 0:
                break
            error = errno
            if error != EINTR or shared.immediate_exit:
                break
    return shared.exit_reason, error


def stop(size_t address, int tid):
    """End run() in the thread of this kernel thread id, wherever it is.

    immediate_exit first: a signal that comes just before the ioctl would be lost.
    """
    (<kb_run *>address).immediate_exit = 1
    kb_sibling_kick(tid)
