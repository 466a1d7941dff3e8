# SPDX-License-Identifier: MIT
"""One worker process from start to end: bounded in time, and ended on every path."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from select import select

from kbench.errors import BUG, KbenchError, Unavailable
from kbench.targets.options import RunOptions
from kbench.targets.running import Running
from kbench.targets.tracing import instance


class WorkerDied(KbenchError):
    """A worker process was killed, timed out or broke: its run alone is lost."""


def worker(name: str, options: RunOptions, *, loops: int, running: Running | None = None) -> bytes:
    """The pyperf JSON of one run of benchmark `name`; `loops` 0 only calibrates their number.

    `running` can end it from another thread.

    Raises Unavailable with the worker's reason, KbenchError with its message, and WorkerDied
    where the process was killed, broke, or took longer than `options.timeout`.
    """
    read_end, write_end = os.pipe()
    with (
        os.fdopen(read_end, "rb", buffering=0),
        tempfile.TemporaryFile() as stderr,
        ExitStack() as stack,
    ):
        try:
            command = _command(name, options, loops, write_end)
            if loops and options.stop_above and (trace := stack.enter_context(instance())):
                command += ["--trace", str(trace)]
            process = subprocess.Popen(
                command,
                pass_fds=[write_end],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=options.environment,
                process_group=0,  # Ctrl-C is the manager's to handle
            )
        finally:
            os.close(write_end)
        with _ended(process), (running or Running()).one(process):
            output = _read(read_end, name, options.timeout)
            try:
                status = process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                raise WorkerDied(f"{name}: the worker did not exit after its result") from None
        if status:
            stderr.seek(0)
            raise _error(name, status, stderr.read().decode(errors="replace").strip())
        return output


@contextmanager
def _ended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _read(pipe: int, name: str, seconds: float) -> bytes:
    chunks: list[bytes] = []
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select([pipe], [], [], left)[0]:
            chunk = os.read(pipe, 1 << 20)
            if not chunk:
                return b"".join(chunks)
            chunks.append(chunk)
    raise WorkerDied(f"{name}: the worker did not end within {seconds:g} s and was killed")


def _command(name: str, options: RunOptions, loops: int, pipe: int) -> list[str]:
    # -P: never import a kbench/ from the current directory.
    command = [options.python, "-P", "-m", "kbench.worker", "--benchmark", name]
    command += ["--limit", str(options.limit)]
    # Another build may not know this option.
    command += ["--parent", str(os.getpid())] if options.python == sys.executable else []
    command += ["--worker", "--worker-task", "0", "--pipe", str(pipe)]
    values, warmups = options.values, options.warmups
    if loops and options.stop_above:
        # One value, however long: it may end anywhere. The worker warms up itself.
        loops, values, warmups = loops * values, 1, 0
        command += ["--stop-above-ns", str(options.stop_above)]
    command += ["--values", str(values), "--warmups", str(warmups)]
    command += ["--min-time", str(options.min_time)]
    command += ["--loops", str(loops)] if loops else ["--calibrate-loops"]
    command += ["--delay-ns", str(options.delay_ns)] if options.delay_ns else []
    command += ["--affinity", options.affinity] if options.affinity else []
    command += ["--profile", options.profile] if options.profile else []
    for hook in ("kbench", *options.hooks):
        command += ["--hook", hook]
    return command


def _error(name: str, status: int, message: str) -> KbenchError:
    last = message.splitlines()[-1] if message else ""
    if status == Unavailable.WORKER_STATUS:
        return Unavailable(last)
    if status < 0:
        return WorkerDied(f"{name}: the worker was killed by signal {-status}")
    if status == KbenchError.exit_code and message:
        return KbenchError(f"{name}: {last}")
    if status == BUG:
        sys.stderr.write(message + "\n")
    return WorkerDied(f"{name}: the worker failed with status {status}: {last}")
