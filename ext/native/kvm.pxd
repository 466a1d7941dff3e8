# SPDX-License-Identifier: MIT
"""What the loops use of <linux/kvm.h>, guests/abi.h and the extension's kvm_kbench.h.

The C compiler takes sizes, offsets and values from these headers.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

cdef extern from "<sys/ioctl.h>" nogil:
    int ioctl(int fd, unsigned long request, const void *argument)

cdef extern from "<linux/kvm.h>" nogil:
    enum:
        KVM_RUN
        KVM_GET_MP_STATE
        KVM_SET_MP_STATE
        KVM_SIGNAL_MSI
        KVM_INTERRUPT
        KVM_GET_REGS
        KVM_SET_REGS
        KVM_GET_XSAVE
        KVM_SET_XSAVE
        KVM_EXIT_IO
        KVM_EXIT_HLT
        KVM_MP_STATE_RUNNABLE
        KVM_MP_STATE_HALTED

    struct kvm_run:
        uint8_t immediate_exit
        uint32_t exit_reason

    struct kvm_mp_state:
        uint32_t mp_state

    struct kvm_interrupt:
        uint32_t irq

    struct kvm_msi:
        pass

    struct kvm_regs:
        uint64_t rax, rbx, rcx, rdx, rsi, rdi

cdef extern from "abi.h" nogil:
    enum:
        KB_PORT
        KB_PORT_CONTROL
        KB_VECTOR

    struct kb_params:
        uint64_t ticks

cdef extern from "kvm_kbench.h" nogil:
    enum:
        KVM_EXIT_KBENCH_MWAIT
        KVM_EXIT_KBENCH_PAUSE
        KVM_RUN_KBENCH_EXITS
        KVM_RUN_KBENCH_MP_STATE
        KVM_RUN_KBENCH_IDLE_MASK
        KVM_RUN_KBENCH_IDLE_SHIFT
        KVM_KBENCH_EXIT_HLT
        KVM_KBENCH_IDLE_OUTSIDE
        KVM_KBENCH_IDLE_HLT
        KVM_KBENCH_MP_STATE_VALID


cdef inline int idle_flag(const kvm_run *run) noexcept nogil:
    """KVM_KBENCH_IDLE_* of the vCPU (idle_flag): bits 8 to 10 of kvm_run.flags."""
    return (<const volatile uint8_t *>run)[15] & 7


cdef inline bint is_halted(const kvm_run *run) noexcept nogil:
    """Whether kvm_run says that the vCPU is in HLT (run_mp_state)."""
    return (<const volatile uint8_t *>run)[KVM_RUN_KBENCH_MP_STATE] == (
        KVM_KBENCH_MP_STATE_VALID | KVM_MP_STATE_HALTED)
