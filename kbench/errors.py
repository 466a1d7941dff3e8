# SPDX-License-Identifier: MIT
"""The errors that kbench raises on purpose: one line for a user, no traceback."""


class KbenchError(Exception):
    """What was wrong and how to mend it, in one message.

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
# How the kernel begins to say why it cannot go on.
FATAL = ("BUG:", "Oops:", "general protection fault", "Kernel panic")


class ToolError(KbenchError):
    """A program or a machine that kbench started failed; `output` is what it said about it.

    That is its last lines, or where a kernel died the first lines from there on.
    """

    def __init__(self, message: str, output: str = "") -> None:
        self.output = "\n".join(_excerpt(output))
        super().__init__(f"{message}\n{self.output}" if self.output else message)


def _excerpt(output: str) -> list[str]:
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if any(word in line for word in FATAL):
            return lines[number : number + OUTPUT_LINES]
    return lines[-OUTPUT_LINES:]
