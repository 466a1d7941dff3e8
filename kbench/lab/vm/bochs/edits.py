# SPDX-License-Identifier: MIT
"""The changes to Bochs' source: each with its reason, and each checked to have landed once."""

import re
import shutil
from dataclasses import astuple, dataclass
from pathlib import Path

from kbench.kernels import cache
from kbench.lab.errors import EmulatorUnavailable


@dataclass(frozen=True)
class BochsEdit:
    """In `file`, what matches `pattern` (a regular expression, once in the file) becomes `text`."""

    file: str
    pattern: str
    text: str


# The hooks that the lab's library has; Bochs' list of them without a library, which is empty, gives
# the others.
HOOKS, TSC = "instrument.h", "cpu/proc_ctrl.cc"
EMPTY = (
    # Keep the list behind "#else", where instrumentation is off.
    BochsEdit(HOOKS, r"(?s)\A.*?\n#if BX_INSTRUMENTATION\n.*\n#else\n(.*)\n#endif\s*\Z", r"\1\n"),
    BochsEdit(
        HOOKS,
        r"\A",
        "class bxInstruction_c;\n"
        "void kb_reset(unsigned cpu);\n"
        "void kb_outp(Bit16u port, unsigned length, Bit32u value);\n",
    ),
    BochsEdit(HOOKS, r"(#define BX_INSTR_RESET\((\w+), \w+\)).*", r"\1 kb_reset(\2)"),
    BochsEdit(HOOKS, r"(#define BX_INSTR_OUTP\(([\w, ]+)\)).*", r"\1 kb_outp(\2)"),
)
EDITS = (
    # The TSC stands still within a chain of instructions, which begins elsewhere as long as code is
    # new: the first events of a benchmark were up to 27 instructions shorter. Add what has been
    # executed since, when it is read and when it is written.
    BochsEdit(
        TSC,
        r"(Bit64u tsc = bx_pc_system\.time_ticks\(\))",
        r"\1 + (BX_CPU_THIS_PTR icount - BX_CPU_THIS_PTR icount_last_sync)",
    ),
    BochsEdit(
        TSC,
        r"newval - bx_pc_system\.time_ticks\(\)",
        "newval - (get_TSC() - BX_CPU_THIS_PTR tsc_adjust)",
    ),
    # A halted CPU looks around every 10 ticks: it wakes up to 10 ns late, and a second of sleep
    # takes one of wall time. Nothing but a timer can wake the only CPU: go to the next one.
    BochsEdit(
        "cpu/event.cc",
        r"BX_TICKN\(10\);",
        "BX_TICKN(bx_pc_system.getNumCpuTicksLeftNextEvent());",
    ),
)


def apply(source: Path, library: str) -> None:
    """Edit the tree `source`; `library` becomes a directory of it, with the list of hooks.

    Raises EmulatorUnavailable when an edit does not fit exactly once.
    """
    (source / library).mkdir()
    shutil.copyfile(source / "instrument/stubs" / HOOKS, source / library / HOOKS)
    for edit in EMPTY:
        _apply(source / library, edit)
    for edit in EDITS:
        _apply(source, edit)


def digest() -> str:
    """Changes with the edits."""
    return cache.digest(*(part for edit in (*EMPTY, *EDITS) for part in astuple(edit)))


def _apply(source: Path, edit: BochsEdit) -> None:
    file = source / edit.file
    text, count = re.subn(edit.pattern, edit.text, file.read_text(encoding="latin-1"))
    if count != 1:
        raise EmulatorUnavailable(f"{edit.file} of Bochs has {count} places for {edit.pattern!r}")
    file.write_text(text, encoding="latin-1")
