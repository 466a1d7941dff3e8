# SPDX-License-Identifier: MIT
"""The changes to Bochs, on files that have the same shape."""

from pathlib import Path

import pytest

from kbench.lab.errors import EmulatorUnavailable
from kbench.lab.vm.bochs import edits

LIST = """// words
#if BX_INSTRUMENTATION
void bx_instr_reset(unsigned cpu, unsigned type);
#define BX_INSTR_RESET(cpu_id, type)     bx_instr_reset(cpu_id, type)
#define BX_INSTR_OUTP(addr, len, val)    bx_instr_outp(addr, len, val)
#else
#define BX_INSTR_RESET(cpu_id, type)
#define BX_INSTR_HLT(cpu_id)
#define BX_INSTR_OUTP(addr, len, val)
#endif
"""
CLOCK = """
  Bit64u tsc = bx_pc_system.time_ticks() + tsc_adjust;
  tsc_adjust = newval - bx_pc_system.time_ticks();
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "instrument/stubs").mkdir(parents=True)
    (tmp_path / "instrument/stubs/instrument.h").write_text(LIST)
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/event.cc").write_text("    BX_TICKN(10); // \xa9\n", encoding="latin-1")
    (tmp_path / "cpu/proc_ctrl.cc").write_text(CLOCK)
    return tmp_path


def test_list_of_hooks_has_ours_and_else_nothing(source: Path) -> None:
    edits.apply(source, "instrument/kbench")
    text = (source / "instrument/kbench/instrument.h").read_text()
    assert "#define BX_INSTR_RESET(cpu_id, type) kb_reset(cpu_id)\n" in text
    assert "#define BX_INSTR_OUTP(addr, len, val) kb_outp(addr, len, val)\n" in text
    assert "#define BX_INSTR_HLT(cpu_id)\n" in text
    assert "bx_instr" not in text and "#else" not in text


def test_halted_cpu_goes_to_its_next_timer(source: Path) -> None:
    edits.apply(source, "instrument/kbench")
    assert "getNumCpuTicksLeftNextEvent" in (source / "cpu/event.cc").read_text("latin-1")


def test_tsc_counts_every_instruction(source: Path) -> None:
    edits.apply(source, "instrument/kbench")
    reads, writes = (source / "cpu/proc_ctrl.cc").read_text().split(";")[:2]
    assert reads.endswith("icount_last_sync) + tsc_adjust")
    assert "get_TSC()" in writes


@pytest.mark.parametrize("text", ["", "BX_TICKN(10); BX_TICKN(10);"])
def test_edit_that_does_not_fit_once_is_named(source: Path, text: str) -> None:
    (source / "cpu/event.cc").write_text(text)
    with pytest.raises(EmulatorUnavailable, match=r"cpu/event\.cc of Bochs has [02] places"):
        edits.apply(source, "instrument/kbench")
