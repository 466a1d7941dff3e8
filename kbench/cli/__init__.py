# SPDX-License-Identifier: MIT
"""The command line: _app.py finds the commands, _exit.py decides what they end with."""

import os
import sys

from kbench.cli._exit import code, end_at_once


def main() -> None:
    """Run the command line and end with its exit code."""
    # numpy's OpenBLAS, which raises SIGINT where it cannot have a thread, needs none.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    status = code(_run)
    end_at_once()
    sys.exit(status)


def _run() -> int:
    from kbench.cli._app import run

    return run()
