# SPDX-License-Identifier: MIT
"""The registers that a guest starts with, so that it needs no start-up code.

Long mode: Intel SDM vol. 3, 10.8.5 (IA-32e initialization) and 27.3.1 (checks at VM
entry). The tables are part of the image (guests/start.S).
"""

from kbench._abi import lib
from kbench.guests import Mode
from kbench.kvm import Vcpu

CR0_PE, CR0_MP, CR0_ET, CR0_NE, CR0_WP, CR0_PG = 1, 1 << 1, 1 << 4, 1 << 5, 1 << 16, 1 << 31
CR4_PAE, CR4_OSFXSR, CR4_OSXMMEXCPT = 1 << 5, 1 << 9, 1 << 10
EFER_LME, EFER_LMA = 1 << 8, 1 << 10
CODE, DATA, BUSY_TSS = 11, 3, 11  # segment types
RFLAGS_RESERVED = 2


def boot(vcpu: Vcpu, mode: Mode, index: int = 0) -> None:
    """Point the vCPU `index` at the guest's first instruction, at CPL 0, RUNNABLE.

    The guest finds `index` in rdi.
    """
    if mode == "real":
        _real_mode(vcpu)
    else:
        _long_mode(vcpu)
    regs = vcpu.get_regs()
    regs.rip = lib.KB_ENTRY
    # In real mode it wraps below 64 KiB; nothing is pushed before.
    regs.rsp = lib.KB_STACK - 16 - index * lib.KB_STACK_SIZE
    regs.rbx = lib.KB_MMIO
    regs.rdi = index
    regs.rflags = RFLAGS_RESERVED
    vcpu.set_regs(regs)
    if index:
        # With an in-kernel irqchip all vCPUs but the first wait for INIT and SIPI.
        vcpu.set_mp_state(lib.KVM_MP_STATE_RUNNABLE)


def _real_mode(vcpu: Vcpu) -> None:
    sregs = vcpu.get_sregs()
    sregs.cs.base = sregs.cs.selector = 0
    sregs.fs.base, sregs.fs.selector = lib.KB_MMIO, lib.KB_MMIO >> 4
    vcpu.set_sregs(sregs)


def _long_mode(vcpu: Vcpu) -> None:
    sregs = vcpu.get_sregs()
    for segment in (sregs.ds, sregs.es, sregs.fs, sregs.gs, sregs.ss):
        segment.base, segment.limit, segment.selector = 0, 0xFFFFFFFF, lib.KB_DATA_SELECTOR
        segment.type, segment.present, segment.s, segment.g, segment.db = DATA, 1, 1, 1, 1
        segment.l = segment.dpl = segment.unusable = 0
    code = sregs.cs
    code.base, code.limit, code.selector = 0, 0xFFFFFFFF, lib.KB_CODE_SELECTOR
    code.type, code.present, code.s, code.g, code.l = CODE, 1, 1, 1, 1
    code.db = code.dpl = code.unusable = 0
    # VM entry requires a busy TSS; without a change of privilege it is never read.
    sregs.tr.type, sregs.tr.present, sregs.tr.s, sregs.tr.unusable = BUSY_TSS, 1, 0, 0
    sregs.tr.limit = 0xFFFF
    sregs.gdt.base, sregs.gdt.limit = lib.KB_GDT, 23
    sregs.idt.base, sregs.idt.limit = lib.KB_IDT, 0xFFF
    sregs.cr3 = lib.KB_PML4
    sregs.cr4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT
    sregs.efer = EFER_LME | EFER_LMA
    sregs.cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG
    vcpu.set_sregs(sregs)
