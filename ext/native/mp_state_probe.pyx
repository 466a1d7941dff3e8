# SPDX-License-Identifier: MIT
# cython: language_level=3, boundscheck=False, wraparound=False
"""Probes of a halted vCPU's mp_state: what one costs, and when it is right after an interrupt."""

from libc.errno cimport EINTR, errno
from libc.stdint cimport UINT32_MAX, uint32_t, uint64_t
import array

from kbench._native.eventfd cimport read_eventfd
from kbench._native.kvm cimport (
    KVM_EXIT_IO, KVM_GET_MP_STATE, KVM_KBENCH_IDLE_HLT, KVM_KBENCH_MP_STATE_VALID,
    KVM_MP_STATE_HALTED, KVM_RUN, KVM_RUN_KBENCH_IDLE_MASK, KVM_RUN_KBENCH_IDLE_SHIFT,
    KVM_RUN_KBENCH_MP_STATE, ioctl, kvm_mp_state, kvm_msi,
)
from kbench._native.vcpu_thread cimport (
    POLLIN, VcpuThread, kb_vcpu_thread_begin, kb_vcpu_thread_end, pollfd,
)

cdef extern from "signals.h" nogil:
    int KB_SIGNAL_PROBE, KB_SIGNAL_VCPU_THREAD

cdef extern from "mp_state_probe.h" nogil:
    enum kb_probe_kind:
        KB_PROBE_CALL
        KB_PROBE_MEMORY
        KB_PROBE_KICK
        KB_PROBE_OUT

    struct kb_probe:
        kb_probe_kind kind
        long number, a, b, c, d
        uint32_t *word
        uint32_t mask, halted
        int vcpu
        int signal
        int tid
        kvm_mp_state mp_state
        pollfd polled
        uint64_t number_read

    long SYS_ioctl, SYS_poll, SYS_read, SYS_pread64
    uint64_t kb_probe_cost(const kb_probe *probe, int *runnable)
    uint64_t kb_probe_until_runnable(const kb_probe *probe, int vm, const kvm_msi *msi,
                                     uint64_t limit, uint64_t *stamps)


cdef class MpStateProbe:
    """A method that tells whether one vCPU is runnable; made by one of the functions below."""

    cdef kb_probe state

    @property
    def signal(self):
        """The signal of a kick: block it in the thread that probes, but not in KVM_RUN."""
        return self.state.signal


cdef MpStateProbe _call(long number, long a, long b, long c, long d):
    cdef MpStateProbe probe = MpStateProbe()
    probe.state.kind = KB_PROBE_CALL
    probe.state.number = number
    probe.state.a, probe.state.b, probe.state.c, probe.state.d = a, b, c, d
    return probe


cdef _word(MpStateProbe probe, void *word, uint32_t mask, uint32_t halted):
    probe.state.word = <uint32_t *>word
    probe.state.mask, probe.state.halted = mask, halted
    return probe


def get(int vcpu):
    """KVM_GET_MP_STATE."""
    cdef MpStateProbe probe = _call(SYS_ioctl, vcpu, <long>KVM_GET_MP_STATE, 0, 0)
    probe.state.c = <long>&probe.state.mp_state
    return _word(probe, &probe.state.mp_state, UINT32_MAX, KVM_MP_STATE_HALTED)


def kick(int vcpu):
    """A signal to this thread, KVM_RUN, and KVM_GET_MP_STATE."""
    cdef MpStateProbe probe = get(vcpu)
    probe.state.kind = KB_PROBE_KICK
    probe.state.vcpu = vcpu
    probe.state.signal = KB_SIGNAL_PROBE
    return probe


def kick_out(int vcpu, VcpuThread vcpu_thread):
    """A signal to `vcpu_thread`, which runs the vCPU, and KVM_GET_MP_STATE."""
    cdef MpStateProbe probe = get(vcpu)
    probe.state.kind = KB_PROBE_OUT
    probe.state.tid = vcpu_thread.state.tid
    probe.state.signal = KB_SIGNAL_VCPU_THREAD
    return probe


def poll(int vcpu):
    """poll(2) of the vCPU's file descriptor for POLLIN (vcpu_poll)."""
    cdef MpStateProbe probe = _call(SYS_poll, 0, 1, 0, 0)
    probe.state.polled.fd = vcpu
    probe.state.polled.events = POLLIN
    probe.state.a = <long>&probe.state.polled
    # struct pollfd: the upper half of its second word is what poll(2) found.
    return _word(probe, <char *>&probe.state.polled + 4, 0xffff0000, 0)


def eventfd(int fd):
    """read(2) of an eventfd that does not block (vcpu_poll)."""
    cdef MpStateProbe probe = _call(SYS_read, fd, 0, 8, 0)
    probe.state.b = <long>&probe.state.number_read
    return _word(probe, &probe.state.number_read, UINT32_MAX, 0)


def stats(int fd, long offset):
    """pread(2) of a 64-bit value of a stats fd that is 1 while the vCPU blocks."""
    cdef MpStateProbe probe = _call(SYS_pread64, fd, 0, 8, offset)
    probe.state.b = <long>&probe.state.number_read
    return _word(probe, &probe.state.number_read, UINT32_MAX, 1)


def byte(size_t run):
    """mp_state in the struct kvm_run at `run` (run_mp_state)."""
    cdef MpStateProbe probe = MpStateProbe()
    cdef int at = KVM_RUN_KBENCH_MP_STATE, shift = 8 * (KVM_RUN_KBENCH_MP_STATE & 3)
    probe.state.kind = KB_PROBE_MEMORY
    return _word(probe, <char *>run + (at & ~3), <uint32_t>0xff << shift,
                 <uint32_t>(KVM_KBENCH_MP_STATE_VALID | KVM_MP_STATE_HALTED) << shift)


def flag(size_t run):
    """HLT in the flags of the struct kvm_run at `run` (idle_flag)."""
    cdef MpStateProbe probe = MpStateProbe()
    probe.state.kind = KB_PROBE_MEMORY
    # flags are the upper half of the word at 12.
    return _word(probe, <char *>run + 12, <uint32_t>KVM_RUN_KBENCH_IDLE_MASK << 16,
                 <uint32_t>KVM_KBENCH_IDLE_HLT << (16 + KVM_RUN_KBENCH_IDLE_SHIFT))


def cost(MpStateProbe probe, uint64_t loops):
    """(TSC ticks of each of `loops` probes: an array('Q'), how many said "runnable")."""
    ticks = array.array("Q", bytes(8 * loops))
    cdef uint64_t[::1] each = ticks
    cdef uint64_t n
    cdef int said = 0, runnable = 0
    probe.state.number_read = 0
    with nogil:
        for n in range(loops):
            each[n] = kb_probe_cost(&probe.state, &runnable)
            said += runnable
    return ticks, said


def until_runnable(MpStateProbe probe, int vm, size_t message, uint64_t limit):
    """Make an interrupt pending, then probe up to `limit` times until the answer is "runnable".

    `message` is the address of a struct kvm_msi. Returns (TSC ticks of KVM_SIGNAL_MSI, TSC
    ticks of the probes, number of probes or 0 when none said "runnable").
    """
    cdef uint64_t stamps[3]
    cdef uint64_t probes
    probe.state.number_read = 0
    with nogil:
        probes = kb_probe_until_runnable(&probe.state, vm, <const kvm_msi *>message, limit, stamps)
    return stamps[1] - stamps[0], stamps[2] - stamps[1], probes


def hold(VcpuThread vcpu_thread, int go):
    """Run the vCPU in the calling thread; after each KVM_RUN wait for the eventfd `go`.

    So the guest has handled what ended KVM_RUN, and does nothing new while another thread
    probes. To end it, call vcpu_thread.stop() and write to `go`.
    """
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
            elif vcpu_thread.state.run.exit_reason != KVM_EXIT_IO:
                vcpu_thread.state.reason = vcpu_thread.state.run.exit_reason
                vcpu_thread.state.unexpected = 1
                break
            vcpu_thread.state.run.immediate_exit = 0
            if not vcpu_thread.state.stop:
                read_eventfd(go)
        kb_vcpu_thread_end(&vcpu_thread.state)
