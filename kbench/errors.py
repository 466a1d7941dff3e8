# SPDX-License-Identifier: MIT
"""The errors that kbench raises on purpose: one line for a user, no traceback."""

import re


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
