# SPDX-License-Identifier: MIT
"""One case: a command, a fault, and what is wrong afterwards."""

import json
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from faults.kinds import Fault
from faults.subjects import Place

from kbench.errors import KbenchError
from kbench.suite.load import load

GRACE = 20.0  # seconds in which what was started ends: a compiler finishes its file
HANG = 4.0  # times the usual limit


@dataclass(frozen=True)
class Ended:
    """How a command ended; `status` None where it had to be killed."""

    status: int | None
    out: str
    err: str


def run(place: Place, fault: Fault, usual: float) -> Ended:
    """Start the command under the fault, and wait for its end."""
    environment = dict(place.environment)
    if fault.path:
        environment["PATH"] = f"{fault.path}:{environment['PATH']}"

    def limit() -> None:
        for kind, value in fault.limits.items():
            resource.setrlimit(kind, (value, value))

    target = {"full": _opened("/dev/full"), "gone": _without_reader}.get(fault.stdout)
    stdout = target() if target else subprocess.PIPE
    words = [*fault.prefix, *place.words()]
    if fault.stdout == "closed":
        words = ["sh", "-c", 'exec "$@" >&-', "sh", *words]
    process = subprocess.Popen(
        words, cwd=place.cwd, env=environment, stdin=subprocess.DEVNULL, stdout=stdout,
        stderr=subprocess.PIPE, start_new_session=True,
        preexec_fn=limit if fault.limits else None,
    )  # fmt: skip
    if target:
        os.close(stdout)
    texts = [_Reader(stream) for stream in (process.stdout, process.stderr)]
    if fault.stroke:
        _strike(place, process, fault.stroke, usual)
    try:
        status: int | None = process.wait(HANG * place.subject.seconds)
    except subprocess.TimeoutExpired:
        status = None
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    out, err = (text.content() for text in texts)
    return Ended(status, out, err)


class _Reader(threading.Thread):
    """Reads a pipe to its end, or for as long as somebody waits for it."""

    def __init__(self, stream: Any) -> None:
        super().__init__(daemon=True)
        self._stream, self._read = stream, b""
        self.start()

    def run(self) -> None:
        while self._stream and (data := self._stream.read1(65536)):
            self._read += data

    def content(self) -> str:
        self.join(5)  # a process that is left may hold the pipe
        return self._read.decode(errors="replace")


def _opened(path: str) -> Callable[[], int]:
    return partial(os.open, path, os.O_WRONLY)


def _without_reader() -> int:
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def _strike(
    place: Place,
    process: "subprocess.Popen[bytes]",
    stroke: tuple[signal.Signals, float, bool],
    usual: float,
) -> None:
    number, part, to_child = stroke
    with suppress(subprocess.TimeoutExpired):
        process.wait(part * usual)
    victims = [pid for pid in alive(place) if pid != process.pid] if to_child else [process.pid]
    for pid in victims[:1]:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def alive(place: Place) -> list[int]:
    """The processes whose HOME is this place's: all that the command started inherit it."""
    mark = f"HOME={place.top / 'home'}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def wrong(place: Place, fault: Fault, ended: Ended, before: int) -> dict[str, str]:
    """By kind (lost, hung, leaked, traceback, code), what must not be; `before`: runs in base."""
    found: dict[str, str] = {}
    if ended.status is None:
        found["hung"] = f"after {HANG * place.subject.seconds:g} s"
    accepted = {*place.subject.verdicts, 2, *fault.codes}
    if fault.prefix[:1] == ("strace",):
        accepted |= {127}
    if ended.status is not None and ended.status not in accepted:
        found["code"] = str(ended.status)
    if "Traceback" in ended.err + ended.out and not _python_began(ended):
        found["traceback"] = ended.err[-1500:]
    elif ended.status == 2 and "kbench: " not in ended.err and not fault.silent:
        found["code"] = "2 without a line"
    if left := _left(place, killed=fault.codes == (-signal.SIGKILL,)):
        found["leaked"] = left
    if lost := _lost(place, ended, before):
        found["lost"] = lost
    return found


def _python_began(ended: Ended) -> bool:
    """Whether Ctrl-C met Python's own start, before kbench can heed it (kbench/cli/_exit.py), or
    a death multiprocessing's own tracker of what is left.
    """
    began = ended.status == -signal.SIGINT and ", in code\n" not in ended.err
    return began or "multiprocessing/resource_tracker.py" in ended.err


def _left(place: Place, *, killed: bool) -> str:
    end = time.monotonic() + GRACE
    while (pids := alive(place)) and time.monotonic() < end:
        time.sleep(0.05)
    if pids:
        names = []
        for pid in pids:
            with suppress(OSError):
                names.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")[:80])
                os.kill(pid, signal.SIGKILL)
        return f"processes {names}"
    if killed:  # nobody is left to remove its files: the next one does
        return ""
    files = [path.name for path in place.tmp.iterdir()]
    files += [path.name for path in place.cwd.iterdir() if path.name.startswith(".")]
    files += [
        str(path.relative_to(place.cache))
        for path in place.cache.glob("*/.*")
        if place.subject.cached
    ]
    return f"files {files}" if files else ""


def _lost(place: Place, ended: Ended, before: int) -> str:
    """Runs that were finished and cannot be read, and outputs that are not whole."""
    for name in place.subject.writes:
        path = place.cwd / name
        if name.endswith("json") and not place.subject.measures and path.exists():
            try:
                json.loads(path.read_text())
            except ValueError:
                return f"{name} is not whole"
    if not place.subject.measures:
        return ""
    finished = sum(": p50 " in line for line in ended.err.splitlines())
    path = place.cwd / place.subject.writes[0]
    runs = 0
    if path.exists() or path.with_name(f"{path.name}.journal").exists():
        try:
            runs = sum(len(benchmark.runs) for benchmark in load(path))
        except KbenchError as error:
            if finished + before:
                return f"{finished + before} runs: {error}"
    return f"{finished + before - runs} of {finished + before}" if runs < finished + before else ""
