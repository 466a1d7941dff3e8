# SPDX-License-Identifier: MIT
"""A user's change of KVM: NOPs that every exit passes once, as a patch; and kbench on it."""

import difflib
import os
import subprocess
from pathlib import Path

from support.cli import command

CHANGED = "arch/x86/kvm/svm/svm.c"
FUNCTION = "svm_invoke_exit_handler"  # every exit that the CPU makes passes it; it is not inlined
BUILD_SECONDS = 1800


def run(*words: object, cwd: Path, status: int = 0) -> str:
    """The output of `kbench WORDS...`, which must end with `status`: tables with all columns."""
    done = subprocess.run(
        command(*words), cwd=cwd, capture_output=True, text=True, timeout=BUILD_SECONDS,
        env={**os.environ, "COLUMNS": "160"},
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def with_nops(text: str, nops: int) -> str:
    """CHANGED, whose text is `text`, with so many NOPs where FUNCTION begins."""
    lines = text.splitlines(keepends=True)
    function = next(n for n, line in enumerate(lines) if line.startswith(f"int {FUNCTION}("))
    place = lines.index("{\n", function) + 1
    asm = f'\tasm volatile(".rept {nops}; nop; .endr");\n'
    return "".join([*lines[:place], asm, *lines[place:]])


def patch(before: str, after: str) -> str:
    """The change of CHANGED from one text to the other, as a unified diff."""
    lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return "".join(difflib.unified_diff(*lines, f"a/{CHANGED}", f"b/{CHANGED}"))
