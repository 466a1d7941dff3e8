# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""Looking at a halted vCPU: what a look costs, and when it is right after an interrupt."""

from libc.errno cimport EINTR, errno
from libc.stdint cimport uint32_t, uint64_t
import array

from clock cimport stamp_begin  # mp_state_probe.h uses it
from vcpu_thread cimport VcpuThread, kb_vcpu_thread_begin, kb_vcpu_thread_end, kb_vcpu_thread_signal

cdef extern from "<sys/ioctl.h>" nogil:
    int ioctl(int fd, unsigned long request, void *argument)

cdef extern from "<unistd.h>" nogil:
    ssize_t read(int fd, void *buffer, size_t count)

cdef extern from "mp_state_probe.h" nogil:
    enum kb_look_kind:
        KB_LOOK_CALL
        KB_LOOK_MEMORY
        KB_LOOK_KICK
        KB_LOOK_OUT

    struct pollfd:
        int fd
        short events

    struct kvm_mp_state:
        uint32_t mp_state

    struct kvm_msi:
        pass

    struct kb_look:
        kb_look_kind kind
        long number, a, b, c, d
        uint32_t *word
        uint32_t mask, halted
        int vcpu
        int signal
        int tid
        kvm_mp_state state
        pollfd polled
        uint64_t number_read

    long SYS_ioctl, SYS_poll, SYS_read, SYS_pread64
    unsigned long KVM_RUN, KVM_GET_MP_STATE
    uint32_t KVM_MP_STATE_HALTED
    int KVM_EXIT_IO
    short POLLIN
    int SIGRTMIN
    uint64_t kb_look_cost(const kb_look *look, int *runnable)
    uint64_t kb_look_right(const kb_look *look, int vm, const kvm_msi *msi, uint64_t most,
                           uint64_t *stamps)

cdef extern from "kvm_kbench.h":
    int KVM_RUN_KBENCH_MP_STATE, KVM_KBENCH_MP_STATE_VALID
    int KVM_RUN_KBENCH_IDLE_MASK, KVM_RUN_KBENCH_IDLE_SHIFT, KVM_KBENCH_IDLE_HLT

ALL = 0xffffffff


cdef class Look:
    """A way to look at one vCPU; made by one of the functions below."""

    cdef kb_look look

    @property
    def signal(self):
        """What a kick sends: to be blocked in the thread that looks, not in KVM_RUN."""
        return self.look.signal


cdef Look _call(long number, long a, long b, long c, long d):
    cdef Look look = Look()
    look.look.kind = KB_LOOK_CALL
    look.look.number = number
    look.look.a, look.look.b, look.look.c, look.look.d = a, b, c, d
    return look


cdef _word(Look look, void *word, uint32_t mask, uint32_t halted):
    look.look.word = <uint32_t *>word
    look.look.mask, look.look.halted = mask, halted
    return look


def get(int vcpu):
    """KVM_GET_MP_STATE."""
    cdef Look look = _call(SYS_ioctl, vcpu, <long>KVM_GET_MP_STATE, 0, 0)
    look.look.c = <long>&look.look.state
    return _word(look, &look.look.state, ALL, KVM_MP_STATE_HALTED)


def kick(int vcpu):
    """A signal to this thread, KVM_RUN, and KVM_GET_MP_STATE."""
    cdef Look look = get(vcpu)
    look.look.kind = KB_LOOK_KICK
    look.look.vcpu = vcpu
    look.look.signal = SIGRTMIN + 5
    return look


def kick_out(int vcpu, VcpuThread vcpu_thread):
    """A signal to the thread of `vcpu_thread`, which runs the vCPU, and KVM_GET_MP_STATE."""
    cdef Look look = get(vcpu)
    look.look.kind = KB_LOOK_OUT
    look.look.tid = vcpu_thread.state.tid
    look.look.signal = kb_vcpu_thread_signal()
    return look


def poll(int vcpu):
    """poll(2) of the vCPU's file descriptor for POLLIN (M8)."""
    cdef Look look = _call(SYS_poll, 0, 1, 0, 0)
    look.look.polled.fd = vcpu
    look.look.polled.events = POLLIN
    look.look.a = <long>&look.look.polled
    # struct pollfd: the upper half of its second word is what poll(2) found.
    return _word(look, <char *>&look.look.polled + 4, 0xffff0000, 0)


def eventfd(int fd):
    """read(2) of an eventfd that does not block (M8)."""
    cdef Look look = _call(SYS_read, fd, 0, 8, 0)
    look.look.b = <long>&look.look.number_read
    return _word(look, &look.look.number_read, ALL, 0)


def stats(int fd, long offset):
    """pread(2) of a 64-bit value of a stats fd that is 1 while the vCPU blocks."""
    cdef Look look = _call(SYS_pread64, fd, 0, 8, offset)
    look.look.b = <long>&look.look.number_read
    return _word(look, &look.look.number_read, ALL, 1)


def byte(size_t run):
    """mp_state in the struct kvm_run at `run` (M9)."""
    cdef Look look = Look()
    cdef int at = KVM_RUN_KBENCH_MP_STATE, shift = 8 * (KVM_RUN_KBENCH_MP_STATE & 3)
    look.look.kind = KB_LOOK_MEMORY
    return _word(look, <char *>run + (at & ~3), <uint32_t>0xff << shift,
                 <uint32_t>(KVM_KBENCH_MP_STATE_VALID | KVM_MP_STATE_HALTED) << shift)


def flag(size_t run):
    """HLT in the flags of the struct kvm_run at `run` (M4)."""
    cdef Look look = Look()
    look.look.kind = KB_LOOK_MEMORY
    # flags are the upper half of the word at 12.
    return _word(look, <char *>run + 12, <uint32_t>KVM_RUN_KBENCH_IDLE_MASK << 16,
                 <uint32_t>KVM_KBENCH_IDLE_HLT << (16 + KVM_RUN_KBENCH_IDLE_SHIFT))


def cost(Look look, uint64_t loops):
    """(TSC ticks of each of `loops` looks: an array('Q'), how many said "runnable")."""
    ticks = array.array("Q", bytes(8 * loops))
    cdef uint64_t[::1] each = ticks
    cdef uint64_t n
    cdef int said = 0, runnable = 0
    look.look.number_read = 0
    with nogil:
        for n in range(loops):
            each[n] = kb_look_cost(&look.look, &runnable)
            said += runnable
    return ticks, said


def right(Look look, int vm, size_t message, uint64_t most):
    """Make an interrupt pending and look until the answer is "runnable", `most` times at most.

    `message` is the address of a struct kvm_msi. Returns (TSC ticks of KVM_SIGNAL_MSI, of
    the looks, the number of looks, 0 when none was right).
    """
    cdef uint64_t stamps[3]
    cdef uint64_t looks
    look.look.number_read = 0
    with nogil:
        looks = kb_look_right(&look.look, vm, <const kvm_msi *>message, most, stamps)
    return stamps[1] - stamps[0], stamps[2] - stamps[1], looks


def hold(VcpuThread vcpu_thread, int go):
    """Run the vCPU of `vcpu_thread` in the calling thread; after each KVM_RUN wait for the eventfd `go`.

    What a KVM_RUN ended for is thus over for the guest, but nothing new has begun when
    another thread looks. It ends with vcpu_thread.stop() and a write to `go`.
    """
    cdef uint64_t count
    if kb_vcpu_thread_begin(&vcpu_thread.state):
        vcpu_thread.state.error = errno
        vcpu_thread.state.ended = 1
        return
    with nogil:
        while not vcpu_thread.state.stop:
            if ioctl(vcpu_thread.state.fd, KVM_RUN, NULL) < 0:
                if errno != EINTR:
                    vcpu_thread.state.error = errno
                    break
            elif vcpu_thread.state.run.exit_reason != <uint32_t>KVM_EXIT_IO:
                vcpu_thread.state.reason = vcpu_thread.state.run.exit_reason
                vcpu_thread.state.unexpected = 1
                break
            vcpu_thread.state.run.immediate_exit = 0
            if not vcpu_thread.state.stop:
                read(go, &count, 8)
        kb_vcpu_thread_end(&vcpu_thread.state)
