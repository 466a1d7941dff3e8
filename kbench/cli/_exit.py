# SPDX-License-Identifier: MIT
"""What kbench ends with: the one place that decides exit codes.

0         done; `gate`: no regression; `history check`, `lab verify`, `kvm hooks`: nothing found
1         `gate`: worse; the others found what they look for
2         unusable input, or the system refused something: one line on stderr
3         `gate --strict`: cannot tell
70        a bug of kbench, with its traceback (EX_SOFTWARE of sysexits.h)
129, 143  SIGHUP, SIGTERM
130       Ctrl-C
141       the reader of standard output has gone: head, less

A command itself says 1 and 3. This module is imported before anything that takes
its time, typer included: a signal that comes then ends kbench as it does later.
"""

import errno
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TextIO, cast

from kbench.errors import BUG, KbenchError, explained

UNUSABLE, INTERRUPTED, NO_READER = 2, 130, 141


class OutputError(OSError):
    """Standard output takes nothing more."""


class StandardOutput:
    """Standard output, whose failures are not taken for those of another file."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            raise OutputError(error.errno, error.strerror) from None

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            raise OutputError(error.errno, error.strerror) from None


@contextmanager
def _output() -> Iterator[None]:
    """Make standard output an StandardOutput meanwhile. Raises KbenchError where it is closed."""
    before = sys.stdout
    if before is None:
        raise KbenchError("standard output is closed")
    sys.stdout = cast(TextIO, StandardOutput(before))
    try:
        yield
        sys.stdout.flush()
    finally:
        sys.stdout = before


def code(command: Callable[[], int | None]) -> int:
    """Run `command` and return its exit code, 0 for None; what went wrong is on stderr.

    Raises SystemExit as the command does: with the number of a signal and 128.
    """
    try:
        _end_by_signals()
        with _output():
            return command() or 0
    except KeyboardInterrupt:
        return _told(INTERRUPTED, "interrupted")
    except OutputError as error:
        _drop_output()
        if error.errno == errno.EPIPE:
            return NO_READER
        return _told(UNUSABLE, f"cannot write standard output: {error.strerror}")
    except Exception as error:
        if (line := explained(error)) is not None:
            return _told(getattr(error, "exit_code", UNUSABLE), line)
        traceback.print_exception(error)
        return _told(BUG, "this is a bug of kbench: please report it with the lines above")


def _end_by_signals() -> None:
    """SIGTERM and SIGHUP end kbench as Ctrl-C does, with nothing left behind; nohup(1) holds."""
    signal.signal(signal.SIGTERM, _end)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _end)


def end_at_once() -> None:
    """From here on a signal ends the process by itself, without a word: all is done."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _told(status: int, line: str) -> int:
    with suppress(OSError):  # there may be nobody to tell
        print(f"kbench: {line}", file=sys.stderr, flush=True)
    return status


def _drop_output() -> None:
    """Let what standard output still holds go nowhere, so that the interpreter's end is silent."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
