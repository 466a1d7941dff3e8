# SPDX-License-Identifier: MIT
"""Kinds of faults. Each is made at random of a place, and says how its command is started."""

import os
import random
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from faults.subjects import Place
from support.cli import command

# Exit codes by what was done: a signal may also end a process before it can say so itself.
SIGNALS = {
    signal.SIGINT: (130, -signal.SIGINT),
    signal.SIGTERM: (143, -signal.SIGTERM),
    signal.SIGHUP: (129, -signal.SIGHUP),
    signal.SIGKILL: (-signal.SIGKILL,),
}
ERRORS = {
    "openat": ("ENOSPC", "EMFILE", "EACCES", "EIO", "EROFS", "EPERM"),
    "read,pread64": ("EIO", "EINTR"),
    "write,pwrite64": ("ENOSPC", "EIO", "EDQUOT", "EFBIG"),
    "mmap": ("ENOMEM",),
    "clone,clone3,fork,vfork": ("EAGAIN", "ENOMEM"),
    "ioctl": ("EPERM", "ENOMEM", "EINTR"),
    "fsync,fdatasync": ("EIO", "ENOSPC"),
    "rename,renameat,renameat2": ("EACCES", "EXDEV", "EIO", "EROFS"),
    "flock": ("ENOLCK", "EPERM"),
    "ftruncate": ("EIO", "EPERM"),
    "mkdir": ("ENOSPC", "EACCES", "EROFS"),
    "unlink": ("EPERM", "EIO"),
    "memfd_create": ("EPERM", "ENOMEM"),
    "eventfd2,timer_create,prctl": ("EPERM", "EAGAIN"),
    "socketpair,pipe2": ("EMFILE",),
    "sched_setaffinity,sched_getaffinity": ("EPERM",),
    "wait4,waitid": ("EINTR",),
    "poll,ppoll,select,pselect6": ("EINTR",),
}


@dataclass
class Fault:
    """How a command is started and disturbed.

    `codes` are the exit codes that it may have beside 2 and its subject's verdicts. `stroke`:
    a signal, when (as a part of the command's usual time), and whether to a child of it.
    `silent`: it may have nowhere to say why. `path`: what comes first in PATH.
    """

    name: str
    prefix: Sequence[str] = ()
    limits: dict[int, int] = field(default_factory=dict)
    stdout: str = "pipe"
    codes: tuple[int, ...] = ()
    stroke: tuple[signal.Signals, float, bool] | None = None
    path: str = ""
    silent: bool = False


Kind = Callable[[random.Random, Place], Fault | None]


def signalled(rng: random.Random, place: Place) -> Fault:
    """A signal at a random moment."""
    number = rng.choice(list(SIGNALS))
    stroke = (number, rng.uniform(0.02, 1.1), False)
    return Fault(f"{number.name} at {stroke[1]:.2f}", codes=SIGNALS[number], stroke=stroke)


def child_killed(rng: random.Random, place: Place) -> Fault:
    """The death of any process that the command has started."""
    number = rng.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV))
    stroke = (number, rng.uniform(0.1, 1.0), True)
    return Fault(f"child {number.name} at {stroke[1]:.2f}", stroke=stroke)


def refused(rng: random.Random, place: Place) -> Fault | None:
    """A system call that fails: once, or from then on."""
    if shutil.which("strace") is None:
        return None
    calls = rng.choice(list(ERRORS))
    error = rng.choice(ERRORS[calls])
    first = sum(at_start().get(call, 0) for call in calls.split(",")) + 1
    # What Python makes at its start, kbench makes often.
    when = f"{first + int(rng.expovariate(0.5 if first == 1 else 0.03))}"
    if error == "EINTR":
        when += "+5"
    elif rng.random() < 0.3:
        when += "+"
    words = ("strace", "-f", "-qqq", "-o", "/dev/null", "-e", f"trace={calls}")
    inject = f"inject={calls}:error={error}:when={when}"
    return Fault(
        f"{calls} {error} when {when}",
        prefix=(*words, "-e", inject),
        # msgspec 0.22 does not look at what malloc() returns; nobody else may crash so.
        codes=(-signal.SIGSEGV,) if calls == "mmap" else (),
        silent=calls.startswith("write"),  # standard error may be what is refused
    )


@cache
def at_start() -> dict[str, int]:
    """How often Python itself makes each system call before kbench begins: it is not tested."""
    words = ["strace", "-o", "/dev/stdout", *command("--version")]
    done = subprocess.run(words, capture_output=True, text=True)
    counts: dict[str, int] = {}
    for line in done.stdout.splitlines():
        name = line.partition("(")[0]
        counts[name] = counts.get(name, 0) + 1
        if "kbench/cli/_exit" in line or "kbench/cli/__pycache__/_exit" in line:
            break
    # Reading the module itself, and what it imports of Python's own.
    return {name: count + 40 for name, count in counts.items()}


def limited(rng: random.Random, place: Place) -> Fault:
    """A limit on file sizes, descriptors or memory."""
    kind, value = rng.choice((
        (resource.RLIMIT_FSIZE, rng.choice((0, 1, 100, 4096, 30_000, 1 << 20))),
        (resource.RLIMIT_NOFILE, rng.randint(5, 40)),
        (resource.RLIMIT_AS, rng.randint(120, 700) << 20),
    ))  # fmt: skip
    names = {
        resource.RLIMIT_FSIZE: "FSIZE",
        resource.RLIMIT_NOFILE: "NOFILE",
        resource.RLIMIT_AS: "AS",
    }
    return Fault(f"RLIMIT_{names[kind]} {value}", limits={kind: value})


def mounted(rng: random.Random, place: Place) -> Fault | None:
    """A file system that is small or read-only, under one of the directories."""
    if not may_mount():
        return None
    where = rng.choice((place.cwd, place.tmp, place.top / "cache"))
    # Without propagation, so that nothing stays mounted.
    if rng.random() < 0.5 or where != place.tmp:
        script = f"mount --bind {where} {where} && mount -o remount,ro,bind {where}"
        name = "read-only"
    else:
        script, name = f"mount -t tmpfs -o size={rng.choice((4, 16, 64))}k none {where}", "full"
    prefix = ("unshare", "--mount", "sh", "-c", f'{script} && exec "$@"', "sh")
    return Fault(f"{name} {where.name}", prefix=prefix)


@cache
def may_mount() -> bool:
    """Whether this process may mount in a namespace of its own: root of a container may not."""
    words = ("unshare", "--mount", "mount", "-t", "tmpfs", "none", "/tmp")
    found = not os.geteuid() and shutil.which("unshare") is not None
    return found and not subprocess.run(words, capture_output=True).returncode


def unread(rng: random.Random, place: Place) -> Fault:
    """A standard output that takes nothing."""
    stdout = rng.choice(("full", "closed", "gone"))
    return Fault(f"stdout {stdout}", stdout=stdout, codes=(141,), silent=stdout == "closed")


def damaged(rng: random.Random, place: Place) -> Fault | None:
    """A file of the cache or a suite: changed, cut, replaced or gone."""
    top = place.cache if place.subject.cached and rng.random() < 0.8 else place.cwd
    # Sorted: a file system lists them in an order of its own, and a case repeats on any.
    files = [path for path in sorted(top.rglob("*")) if path.is_file() and not path.is_symlink()]
    # Packages of the kernel have ten thousands of files: others are as likely.
    few = [path for path in files if "headers" not in path.parts and "source" not in path.parts]
    if not few:
        return None
    path = rng.choice(few)
    how = rng.choice(("flip", "cut", "garbage", "fifo", "directory", "gone", "nested"))
    data = bytearray(path.read_bytes()) if path.stat().st_size < 1 << 24 else bytearray(1 << 20)
    path.unlink()
    match how:
        case "flip" if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            path.write_bytes(data)
        case "cut":
            path.write_bytes(data[: rng.randrange(len(data) + 1)])
        case "garbage":
            path.write_bytes(rng.randbytes(min(len(data), 4096)))
        case "fifo":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "nested":
            path.write_text("[" * 100_000)
    return Fault(f"{how} {path.relative_to(place.top)}")


EMULATORS = {
    "garbage": "head -c 4096 /dev/urandom; exit 0",
    "dies": "exit 1",
    "killed": "kill -9 $$",
    "silent": "exec sleep 1",
}


def emulated(rng: random.Random, place: Place) -> Fault | None:
    """Another QEMU than the one that is expected."""
    real = shutil.which("qemu-system-x86_64")
    if not place.subject.cached or real is None:
        return None
    how = rng.choice(list(EMULATORS))
    folder = place.top / "bin"
    folder.mkdir()
    program = folder / "qemu-system-x86_64"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec {real} --version\n{EMULATORS[how]}\n'
    )
    program.chmod(0o755)
    return Fault(f"QEMU {how}", path=str(folder))


KINDS: tuple[tuple[Kind, int], ...] = (
    (signalled, 8), (child_killed, 3), (refused, 8), (limited, 4), (mounted, 3), (unread, 2),
    (damaged, 6), (emulated, 2),
)  # fmt: skip


def choose(rng: random.Random, place: Place, names: Sequence[str] = ()) -> Fault:
    """A fault for this place, of one of the kinds `names`, of any for none."""
    chosen = [pair for pair in KINDS if not names or pair[0].__name__ in names]
    kinds, weights = zip(*chosen, strict=True)
    while True:
        kind: Kind = rng.choices(kinds, weights)[0]
        if (fault := kind(rng, place)) is not None:
            return fault
