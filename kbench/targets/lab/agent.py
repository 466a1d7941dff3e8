#!/usr/bin/python3 -SB
# SPDX-License-Identifier: MIT
"""The first process inside the lab. It lives in the snapshot; kbench is injected later.

Before the snapshot: mounts, modules below KVM, imports. After it, once for every
benchmark: read job, KVM modules and kbench through fw_cfg, load them, run the job,
write its messages to a port, exit. It imports nothing of kbench, so that a change
of kbench needs no new snapshot.
"""

import ctypes
import gc
import importlib
import io
import json
import mmap
import struct
import sys
import time
import traceback
import zipfile
from pathlib import Path

import _port  # type: ignore[import-not-found]

# What the measuring code imports: from the snapshot that is free.
PRELOADED = """
    _cffi_backend abc array base64 bisect collections.abc contextlib ctypes dataclasses difflib
    enum errno fcntl fnmatch functools hashlib importlib.resources itertools math mmap pathlib
    pkgutil platform random re resource select signal statistics string struct threading tomllib
    types typing warnings zlib
"""
RESULT_PORT, PAUSE_PORT, EXIT_PORT = 0xE9, 0x505, 0xF4
# fw_cfg: the port of its DMA address, the item of its directory, its commands.
FW_DMA, FW_DIRECTORY, FW_READ, FW_SELECT = 0x514, 0x19, 0x2, 0x8
PAGE = 4096
MAP_LOCKED = 0x2000
PREFIX = "opt/kbench/"
INJECTED = "/kbench"
DEVICE_SECONDS = 5.0


def send(message: dict[str, object]) -> None:
    """Write one line of JSON to the host."""
    _port.privilege(3)
    _port.write(RESULT_PORT, json.dumps(message).encode() + b"\n")
    _port.privilege(0)


def leave(code: int) -> None:
    """End the machine; QEMU's exit code is 2 * code + 1."""
    _port.privilege(3)
    _port.outb(EXIT_PORT, code)


def fail(kind: type[BaseException], error: BaseException, trace: object) -> None:
    """Report an exception that nobody caught, and end."""
    lines = traceback.format_exception(kind, error, error.__traceback__)
    send({"failure": "agent", "reason": "".join(lines)})
    leave(1)


def prepare() -> None:
    """Everything that is the same for all jobs."""
    for kind, place in ((b"proc", b"/proc"), (b"sysfs", b"/sys"), (b"devtmpfs", b"/dev")):
        _port.mount(kind, place)
    for path in sorted(Path("/modules").iterdir()):
        _port.init_module(path.read_bytes())
    for name in PRELOADED.split():
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    # The kernel's deferred work after boot ends within this.
    time.sleep(0.5)


def received() -> dict[str, bytes]:
    """The host's files that are meant for the agent, by name."""
    with FwCfg() as device:
        count = int.from_bytes(device.read(FW_DIRECTORY, 4), "big")
        directory = device.read(FW_DIRECTORY, 4 + 64 * count)[4:]
        files = {}
        for start in range(0, len(directory), 64):
            # be32 size, be16 selector, 2 reserved, 56 of name
            entry = directory[start : start + 64]
            name = entry[8:].split(b"\0")[0].decode()
            if name.startswith(PREFIX):
                size, selector = int.from_bytes(entry[:4], "big"), int.from_bytes(entry[4:6], "big")
                files[name.removeprefix(PREFIX)] = device.read(selector, size)
    return files


class FwCfg:
    """QEMU's fw_cfg device by DMA (docs/specs/fw_cfg.rst), from user space.

    Its sysfs file is quadratic in the file's size, and its data port takes one
    emulated instruction a byte: 0.4 s for the KVM modules.
    """

    def __init__(self) -> None:
        # Locked pages: one for the control structure, one for the data.
        self._pages = mmap.mmap(-1, 2 * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_LOCKED)
        self._pages[0], self._pages[PAGE] = 1, 1
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._pages))
        with Path("/proc/self/pagemap").open("rb", buffering=0) as pagemap:
            pagemap.seek(start // PAGE * 8)
            frames = struct.unpack("<2Q", pagemap.read(16))
        # Bits 0-54 are the frame number (Documentation/admin-guide/mm/pagemap.rst).
        self._control, self._data = (PAGE * (frame & (1 << 55) - 1) for frame in frames)

    def __enter__(self) -> "FwCfg":
        _port.privilege(3)
        return self

    def __exit__(self, *_: object) -> None:
        _port.privilege(0)

    def read(self, selector: int, size: int) -> bytes:
        """The first `size` bytes of the item `selector`."""
        out = bytearray()
        command = selector << 16 | FW_SELECT
        while len(out) < size:
            length = min(PAGE, size - len(out))
            self._pages[:16] = struct.pack(">IIQ", command | FW_READ, length, self._data)
            # Both halves are big-endian; writing the lower one starts the transfer,
            # which is over when the instruction is.
            for port, half in ((FW_DMA, self._control >> 32), (FW_DMA + 4, self._control)):
                _port.outl(port, int.from_bytes((half & 0xFFFFFFFF).to_bytes(4, "big"), "little"))
            if struct.unpack_from(">I", self._pages)[0]:
                raise OSError(f"fw_cfg: transfer of item {selector:#x} failed")
            out += self._pages[PAGE : PAGE + length]
            command = 0
        return bytes(out)


def load(modules: list[str], files: dict[str, bytes]) -> None:
    """Load the KVM modules in their order and wait for the device."""
    for name in modules:
        try:
            _port.init_module(files.pop(name))
        except OSError as error:
            send({"failure": "module", "reason": f"{name}: {error.strerror}"})
            leave(1)
    end = time.monotonic() + DEVICE_SECONDS
    while modules and not Path("/dev/kvm").exists():
        if time.monotonic() > end:
            send(
                {"failure": "module", "reason": "the modules are loaded, but there is no /dev/kvm"}
            )
            leave(1)
        time.sleep(0.01)


def main() -> None:
    """Prepare, pause for the snapshot, and serve the job that is there after it."""
    sys.excepthook = fail
    prepare()
    _port.privilege(3)
    _port.outb(PAUSE_PORT, 1)
    # A restored machine goes on here.
    _port.privilege(0)
    files = received()
    job = json.loads(files.pop("job"))
    load(job["modules"], files)
    with zipfile.ZipFile(io.BytesIO(files.pop("package"))) as archive:
        archive.extractall(INJECTED)
    # Not importlib.invalidate_caches(): that reads the library's whole zip again.
    sys.path.insert(0, INJECTED)
    module, function = job["entry"].split(":")
    getattr(importlib.import_module(module), function)(job, send)
    leave(0)


if __name__ == "__main__":
    main()
