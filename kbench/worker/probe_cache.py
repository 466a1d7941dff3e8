# SPDX-License-Identifier: MIT
"""The results of probing, in the user's cache, valid while nothing that they depend on changes.

The file holds a key and, by repr() of a benchmark's row, the reason why it cannot run, or "".
The key covers the boot, the kernel, KVM and its parameters, this process's rights and CPUs,
and this build of kbench. A file with another key is ignored.
"""

import hashlib
import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path

import kbench
from kbench.errors import KbenchError
from kbench.files import read_regular, write_atomically
from kbench.record.provenance import KVM_PARAMETERS, kvm_srcversion, text

DEVICE = Path("/dev/kvm")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PACKAGE = Path(kbench.__file__).parent
MOST = 1 << 20  # bytes: some 500 rows with their reasons
# The parts of the package that results depend on.
PARTS = (
    "_abi*.so",
    "_native/*.so",
    "guests/images/*.bin",
    "catalogue/*.py",
    "kvm/*.py",
    "worker/**/*.py",
    "*.py",
)


def load() -> dict[str, str]:
    """The results that still hold; {} where there is no readable file."""
    try:
        stored = json.loads(read_regular(path(), MOST))
        if stored["key"] == key():
            return {str(row): str(reason) for row, reason in stored["rows"].items()}
    except (KbenchError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass  # absent, or not written by this module: probe again
    return {}


def save(rows: dict[str, str]) -> None:
    """Store these results. Where the cache cannot be written, the next listing is slower."""
    document = json.dumps({"key": key(), "rows": rows}, indent=1)
    try:
        path().parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path(), document.encode(), force=True)
    except (OSError, KbenchError):
        return


def path() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("kbench") / "probes.json"


def key() -> str:
    """Everything that a result depends on, as one hash."""
    return hashlib.sha256("\n".join(_facts()).encode()).hexdigest()


def _facts() -> Iterator[str]:
    yield from (text(BOOT_ID), platform.release(), platform.version(), kvm_srcversion())
    yield from (_device(), str(os.sched_getaffinity(0)))
    for directory in sorted(KVM_PARAMETERS.parent.parent.glob("kvm*/parameters")):
        yield from (f"{file}={text(file)}" for file in sorted(directory.iterdir()))
    for part in PARTS:
        for file in sorted(PACKAGE.glob(part)):
            status = file.stat()
            yield f"{file} {status.st_size} {status.st_mtime_ns}"


def _device() -> str:
    """The device number of /dev/kvm, or why it cannot be opened, which is then every result."""
    try:
        with DEVICE.open("r+b", buffering=0) as file:
            return str(os.fstat(file.fileno()).st_rdev)
    except OSError as error:
        return os.strerror(error.errno or 0)
