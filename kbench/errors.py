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
