# SPDX-License-Identifier: MIT
"""One worker process from start to end, with a limit and nothing left behind."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from select import select

from kbench.errors import KbenchError, Unavailable

DEADLINE = 600.0  # seconds; a worker's own watchdog ends a guest that hangs long before


class WorkerDied(KbenchError):
    """A worker process that was killed, timed out or broke: its run is lost, no other is."""


def worker(
    name: str, args: argparse.Namespace, *, loops: int, limit: float, delay_ns: float = 0.0
) -> bytes:
    """The pyperf JSON of one run of benchmark `name`; `loops` 0 only calibrates their number.

    `args` are pyperf's parsed options; `delay_ns` is added to each round trip. Raises
    Unavailable with the worker's reason, KbenchError with its message, WorkerDied.
    """
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb", buffering=0), tempfile.TemporaryFile() as stderr:
        try:
            command = _command(name, args, loops, limit, write_end)
            command += ["--delay-ns", str(delay_ns)] if delay_ns else []
            process = subprocess.Popen(
                command,
                pass_fds=[write_end],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env=_environment(args),
                process_group=0,  # Ctrl-C is the manager's to handle
            )
        finally:
            os.close(write_end)
        with _ended(process):
            output = _read(read_end, name, args.timeout or DEADLINE)
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


def _command(
    name: str,
    args: argparse.Namespace,
    loops: int,
    limit: float,
    pipe: int,
) -> list[str]:
    # -P: never import a kbench/ that happens to lie in the current directory.
    command = [args.python, "-P", "-m", "kbench.worker", "--benchmark", name, "--limit", str(limit)]
    command += ["--worker", "--worker-task", "0", "--pipe", str(pipe)]
    command += ["--values", str(args.values), "--warmups", str(args.warmups)]
    command += ["--min-time", str(args.min_time)]
    command += ["--loops", str(loops)] if loops else ["--calibrate-loops"]
    if args.affinity:
        command += ["--affinity", args.affinity]
    for flag in ("tracemalloc", "track_memory"):
        if getattr(args, flag):
            command.append("--" + flag.replace("_", "-"))
    if args.profile:
        command += ["--profile", args.profile]
    for hook in ("kbench", *(args.hook or ())):
        command += ["--hook", hook]
    return command


def _environment(args: argparse.Namespace) -> dict[str, str]:
    """What pyperf would give a worker: little, so that results do not depend on the rest."""
    if args.copy_env:
        return dict(os.environ)
    names = {"PATH", "HOME", "TEMP", "COMSPEC", "SystemRoot", "SystemDrive"}
    names |= set(args.inherit_environ or ())
    if args.locale:
        names |= {"LANG", "LANGUAGE", *(name for name in os.environ if name.startswith("LC_"))}
    return {name: value for name, value in os.environ.items() if name in names}


def _error(name: str, status: int, message: str) -> KbenchError:
    last = message.splitlines()[-1] if message else ""
    if status == Unavailable.WORKER_STATUS:
        return Unavailable(last)
    if status < 0:
        return WorkerDied(f"{name}: the worker was killed by signal {-status}")
    if status == KbenchError.exit_code and message:
        return KbenchError(f"{name}: {last}")
    sys.stderr.write(message + "\n")
    return WorkerDied(f"{name}: the worker failed with status {status}: {last}")
