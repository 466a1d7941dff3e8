# SPDX-License-Identifier: MIT
"""Running the programs that kbench needs beside itself: apt, dpkg-deb, make, git and the like.

A program runs in the C locale and in a session of its own, and the whole session is ended
when its time is over or kbench is interrupted: the compilers that make(1) started end with it.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from kbench import programs
from kbench.errors import ToolError
from kbench.kernels.errors import KernelError

Word = str | Path
# From being asked to end to being killed.
GRACE_SECONDS = 5.0


def run(
    command: Sequence[Word],
    seconds: float,
    *,
    missing: str = "",
    what: str = "",
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    accepted: Collection[int] = (0,),
    held: Collection[int] = (),
    error: type[ToolError] = KernelError,
) -> str:
    """Run `command` for at most `seconds` of wall time and return its standard output.

    missing: how to install a program that programs.toml does not have. what: what could not be
    done when it fails, in place of the program's name. environment: variables beside those of
    this process. accepted: the exit statuses that are no failure. held: file descriptors that
    the program inherits, so that a lock on one of them is held until the last process of the
    session has ended.

    Raises `error` when the program is not installed, does not end in time or fails, with
    the last lines of what it printed.
    """
    program = str(command[0])
    failed = what or f"{program} failed"
    with _interrupts_held() as let_go:
        try:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env={**os.environ, "LC_ALL": "C", **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
                pass_fds=tuple(held),
            )
        except FileNotFoundError as cause:
            hint = missing or programs.hint(program)
            raise error(f"{program} is not installed: {hint}".removesuffix(": ")) from cause
        except OSError as cause:
            raise error(f"{program} does not start: {cause.strerror}") from cause
        with process:
            try:
                let_go()
                output, errors = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired as cause:
                _end_session(process)
                raise error(f"{failed}: it did not end within {seconds:g} s") from cause
            except BaseException:
                _end_session(process)
                raise
    if process.returncode not in accepted:
        said = errors.strip() or output.strip() or f"exit status {process.returncode}"
        raise error(failed, said)
    return output


@contextmanager
def _interrupts_held() -> Iterator[Callable[[], None]]:
    """Hold SIGINT, SIGTERM and SIGHUP back until the function that this yields is called.

    One that is handled while a program starts would leave that running: nothing has it yet.
    Python handles signals in the main thread, so that others need no care.
    """
    came: list[int] = []
    handlers: dict[int, Callable[[int, FrameType | None], Any]] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if callable(handler := signal.getsignal(number)):
                handlers[number] = handler
                signal.signal(number, lambda number, frame: came.append(number))

    def let_go() -> None:
        while handlers:
            signal.signal(*handlers.popitem())
        while came:
            signal.raise_signal(came.pop())

    try:
        yield let_go
    finally:
        let_go()


def _end_session(process: "subprocess.Popen[str]") -> None:
    """Ask all processes of the session to end, which lets make(1) remove half-made files; kill."""
    if process.returncode is not None:
        return
    end = time.monotonic() + GRACE_SECONDS
    os.killpg(process.pid, signal.SIGTERM)
    try:
        # WNOWAIT leaves the leader unreaped: until then the group's number is its own.
        state = os.WEXITED | os.WNOHANG | os.WNOWAIT
        while os.waitid(os.P_PID, process.pid, state) is None and time.monotonic() < end:
            time.sleep(0.02)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
