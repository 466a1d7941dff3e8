# SPDX-License-Identifier: MIT
"""The errors that kbench raises on purpose: one line for a user, no traceback."""

import linecache
import os
import re
import traceback

BUG = 70
"""The exit code of a bug of kbench, with its traceback (EX_SOFTWARE of sysexits.h)."""

NO_FRAME = "error return without exception set"
"""What CPython 3.11 says where it finds no memory for the frame of a Python function."""


class KbenchError(Exception):
    """What was wrong and how to fix it, in one message.

    The command line prints the message and exits with `exit_code`; a traceback
    therefore always means a bug in kbench.
    """

    exit_code = 2


class Unavailable(KbenchError):
    """A benchmark, policy or capability that this target lacks; the message is the reason.

    A worker process that meets it ends with `WORKER_STATUS`.
    """

    WORKER_STATUS = 3


def explained(error: BaseException) -> str | None:
    """The line for an error that is no bug of kbench: its own, or what the system refused."""
    match error:
        case KbenchError():
            return str(error)
        case OSError():
            return _refused(error)
        case MemoryError():
            return "out of memory"
        # Of a C function that forgets its exception Python says "returned NULL without ...": a bug.
        case SystemError() if str(error) == NO_FRAME:
            return "out of memory"
        case ImportError():  # a library that finds no memory or descriptor; or it is not there
            return f"the installation of kbench cannot be loaded: {error}"
        case RuntimeError() if "can't start new thread" in str(error):  # EAGAIN of clone(2)
            return "no more threads can be started: raise the limit (ulimit -u)"
    return None


def _refused(error: OSError) -> str:
    """What could not be done, and why: the file, or else the call that failed."""
    what = _call(error) if error.filename is None else os.fsdecode(error.filename)
    why = error.strerror or str(error)
    return f"{what}: {why}" if what else why


def _call(error: OSError) -> str:
    """The name of the call that raised `error`: "memfd_create" of `os.memfd_create("x")`."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    last = frames[-1]
    # Native code has a function's name, and no line here.
    line = linecache.getline(last.filename, last.lineno or 0)[last.colno :] or last.name
    name = line.partition("(")[0].rpartition(".")[2].strip()
    return name if name.isidentifier() else ""


OUTPUT_LINES = 12
# The first line of a dying kernel's report, and of a compiler's first error ("x86.c:7:2: error:").
FATAL = re.compile(
    r"BUG:|Oops:|general protection fault|Kernel panic|^\S+:\d+(:\d+)?: (fatal )?error:"
)


class ToolError(KbenchError):
    """A program or a machine that kbench started failed; `output` is what it said about it.

    Of a kernel's log that is the report of its death, of a compiler's messages the
    first error with what follows it, and of everything else the last lines.
    """

    def __init__(self, message: str, output: str = "") -> None:
        self.output = "\n".join(_excerpt(output))
        super().__init__(f"{message}\n{self.output}" if self.output else message)


def _excerpt(output: str) -> list[str]:
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if FATAL.search(line):
            return lines[number : number + OUTPUT_LINES]
    return lines[-OUTPUT_LINES:]
