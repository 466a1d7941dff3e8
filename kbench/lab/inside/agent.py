#!/usr/bin/python3 -SB
# SPDX-License-Identifier: MIT
"""The first process inside the lab. It lives in the snapshot; kbench is injected later.

Before the snapshot: mounts, modules below KVM, imports. After it: read a job, and with it
KVM's modules and kbench, through fw_cfg, load them, run the job, write its messages to a
port, exit, or pause for another snapshot and take the next job. It imports nothing of
kbench, so that a change of kbench needs no new boot.
"""

import contextlib
import gc
import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import NoReturn

import _port  # type: ignore[import-not-found]  # beside this file in the lab
import bundle  # type: ignore[import-not-found]  # beside this file in the lab
import fw_cfg  # type: ignore[import-not-found]  # beside this file in the lab

# What the measuring code imports: from the snapshot that is free.
PRELOADED = """
    _cffi_backend abc array base64 bisect collections.abc contextlib ctypes dataclasses difflib
    enum errno fcntl fnmatch functools hashlib importlib.resources itertools math mmap pathlib
    pkgutil platform random re resource select signal statistics string struct threading tomllib
    types typing warnings zlib
"""
RESULT_PORT, PAUSE_PORT, EXIT_PORT = 0xE9, 0x505, 0xF4
INJECTED = "/kbench"
DEVICE_SECONDS = 5.0


def send(message: dict[str, object]) -> None:
    """Write one line of JSON to the host."""
    _port.privilege(3)
    _port.write(RESULT_PORT, json.dumps(message).encode() + b"\n")
    _port.privilege(0)


def leave(code: int) -> NoReturn:
    """End the lab machine; QEMU's exit code is 2 * code + 1."""
    _port.privilege(3)
    _port.outb(EXIT_PORT, code)
    sys.exit("QEMU did not exit")


def fail(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """Report an exception that nobody caught, and end."""
    lines = traceback.format_exception(kind, error, error.__traceback__)
    send({"failure": "agent", "reason": "".join(lines)})
    leave(1)


def prepare() -> None:
    """Everything that is the same for all jobs."""
    for kind, place in ((b"proc", b"/proc"), (b"sysfs", b"/sys"), (b"devtmpfs", b"/dev")):
        _port.mount(kind, place)
    with contextlib.suppress(OSError):  # a small kernel may have no cgroups
        _port.mount(b"cgroup2", b"/sys/fs/cgroup")
    for path in sorted(Path("/modules").iterdir()):
        _port.init_module(path.read_bytes())
    for name in PRELOADED.split():
        importlib.import_module(name)
    Path(INJECTED).mkdir()
    sys.path.insert(0, INJECTED)


def pause() -> None:
    """Let the host save the lab machine; a restored one returns from here."""
    gc.collect()
    gc.freeze()
    # The kernel's deferred work after boot, or after loading modules, ends within this.
    time.sleep(0.5)
    _port.privilege(3)
    _port.outb(PAUSE_PORT, 1)
    _port.privilege(0)


def load(modules: list[str], files: dict[str, bytes]) -> None:
    """Load the KVM modules in their order and wait for the device."""
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    os.lseek(log, 0, os.SEEK_END)
    for name in modules:
        try:
            _port.init_module(files.pop(name))
        except OSError as error:
            refuse(f"{name}: {error.strerror}", log)
    end = time.monotonic() + DEVICE_SECONDS
    while not Path("/dev/kvm").exists():
        if time.monotonic() > end:
            refuse("the modules are loaded, but there is no /dev/kvm", log)
        time.sleep(0.01)
    os.close(log)


def refuse(reason: str, log: int) -> NoReturn:
    """Report that KVM could not be loaded, with what the kernel says about it, and end.

    "Unknown symbol" is a warning, which `quiet` keeps off the console.
    """
    lines = [reason]
    try:
        while True:
            # "priority,sequence,time,flags;message" (Documentation/ABI/testing/dev-kmsg)
            lines.append(os.read(log, 8192).decode().partition(";")[2].splitlines()[0])
    except BlockingIOError:
        send({"failure": "module", "reason": "\n".join(lines)})
    leave(1)


def main() -> None:
    """Prepare, and serve the job that is there after each pause, until one does not pause."""
    sys.excepthook = fail
    prepare()
    paused = True
    while paused:
        pause()
        files = fw_cfg.files()
        job = json.loads(files.pop("job"))
        if job["modules"]:
            load(job["modules"], files)
        if package := files.pop("package", None):
            bundle.unpack(package, INJECTED)
        module, function = job["entry"].split(":")
        getattr(importlib.import_module(module), function)(job, send)
        paused = job.get("pauses", False)
    leave(0)


if __name__ == "__main__":
    main()
