# SPDX-License-Identifier: MIT
"""Family inkernel is complete, and docs/benchmarks.md names every row of it and of vmexit.c."""

import re
from pathlib import Path

import pytest

from kbench.catalogue import Batch, Benchmark, RoundTrip, select
from kbench.guests import load

# The rows of kvm-unit-tests' x86/vmexit.c, in its order.
SELF_IPI = ("sti_nop", "sti_hlt", "tpr", "tpr_sti_nop", "tpr_sti_hlt")
VMEXIT = tuple(
    f"""
    cpuid vmcall wbinvd invd mov_from_cr8 mov_to_cr8 inl_from_pmtimer inl_from_qemu
    inl_from_kernel outl_to_kernel mov_dr tscdeadline_immed tscdeadline
    {" ".join(f"{prefix}self_ipi_{how}" for prefix in ("", "x2apic_") for how in SELF_IPI)}
    ipi ipi_halt ple_round_robin wr_kernel_gs_base wr_tsx_ctrl_msr wr_ibrs_msr
    wr_ibpb_msr wr_tsc_adjust_msr rd_tsc_adjust_msr toggle_cr0_wp toggle_cr4_pge
    pci-mem pci-io
    """.split()
)  # pci-mem and pci-io are three rows each: no, wildcard and datamatch eventfd
README = Path(__file__).parents[2] / "docs" / "benchmarks.md"
ROWS = select(["inkernel"])


def test_the_mapping_has_every_row_of_vmexit_in_order() -> None:
    mapped = re.findall(r"^\| `([\w-]+)` \| `inkernel\.", README.read_text(), re.M)
    assert tuple(mapped) == VMEXIT


def test_the_readme_and_the_catalogue_name_the_same_rows() -> None:
    named = re.findall(r"`(inkernel\.[\w@]+)`", README.read_text())
    assert sorted(named) == sorted(row.name for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_is_whole(row: Benchmark) -> None:
    assert isinstance(row, Batch | RoundTrip)
    assert load(row.guest, row.mode).data
    if isinstance(row, Batch):
        assert row.size >= 10
    else:
        assert row.loop == "kvm_run" and row.expect in ("KVM_EXIT_IO", "KVM_EXIT_MMIO")
