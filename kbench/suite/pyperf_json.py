# SPDX-License-Identifier: MIT
"""The bytes of a pyperf suite file, read as typed data and within limits.

pyperf's own loader (pyperf._bench, format version "1.0") checks every run in Python and takes
seconds for the suites that `kbench gate` reads; msgspec parses the same format in
milliseconds. Files are untrusted: sizes are checked before anything is allocated by them.
"""

import gzip
import os
import stat
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from kbench.errors import KbenchError

Kind = TypeVar("Kind")
Scalar = int | float | str | bool | list[str]
"""What pyperf allows as a metadata value (a list is its `tags`)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a suite file may hold: 100 benchmarks x 40 runs need 20 MB and 30,000 objects."""

    size: int = 256 << 20
    objects: int = 1_000_000
    items: int = 10_000_000


class RunJson(msgspec.Struct, gc=False, omit_defaults=True):
    """One pyperf Run as stored; `metadata` without what its benchmark or suite holds for it."""

    values: list[float] = []
    warmups: list[tuple[int, float]] = []
    metadata: dict[str, Scalar] = {}


class BenchmarkJson(msgspec.Struct, gc=False):
    """One pyperf Benchmark as stored; `metadata` is what all its runs have in common."""

    runs: list[RunJson]
    metadata: dict[str, Scalar] = {}


class SuiteJson(msgspec.Struct, gc=False):
    """A pyperf BenchmarkSuite as stored; `metadata` is what all its benchmarks have in common."""

    version: str | int
    benchmarks: list[BenchmarkJson]
    metadata: dict[str, Scalar] | None = None


def read(path: Path, limits: Limits) -> SuiteJson:
    """The suite stored at `path`; a suffix .gz means that it is compressed, as for pyperf.

    Raises KbenchError that names the file and the fault.
    """
    data = content(path, limits)
    if not data.strip():
        raise KbenchError(f"{path} is empty")
    suite = decode(path, data, SuiteJson)
    if suite.version != "1.0":
        raise KbenchError(
            f"{path} has pyperf format version {suite.version!r}, kbench reads '1.0': "
            "rewrite it with `python -m pyperf convert`"
        )
    return suite


STDIN = Path("-")
OPEN = (Path("/dev/fd"), Path("/proc/self/fd"))


def decode(path: Path | str, data: bytes, kind: type[Kind]) -> Kind:
    """What `data`, which came from `path`, says. Raises KbenchError where it is no `kind`."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise KbenchError(f"{path} is not a pyperf suite: {error}") from None
    except RecursionError:
        raise KbenchError(f"{path} is not a pyperf suite: JSON nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        hint = " (NaN is not JSON)" if b"NaN" in data or b"Infinity" in data else ""
        raise KbenchError(f"{path} is not valid JSON{hint}: {error}") from None


def content(path: Path, limits: Limits) -> bytes:
    """The bytes of a file, unpacked; those that would take more memory than `limits` are refused.

    Every object needs a bracket and every further item a comma, so counting bytes
    bounds the decoded size from above (those inside strings count too: harmless).
    """
    data = _bytes(path, limits.size)
    if data.count(b"{") + data.count(b"[") > limits.objects or data.count(b",") > limits.items:
        raise KbenchError(f"{path} holds more JSON objects than a suite can have")
    return data


def is_stream(path: Path) -> bool:
    """Whether `path` is standard input ("-") or a pipe that is open already, as `<(zcat a)` is."""
    return path == STDIN or path.parent in OPEN or path == Path("/dev/stdin")


def _bytes(path: Path, size: int) -> bytes:
    try:
        # O_NONBLOCK: opening a FIFO without a writer would block.
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.dup(0) if path == STDIN else os.open(path, flags)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if stat.S_ISFIFO(status.st_mode) and is_stream(path):
                os.set_blocking(descriptor, True)
            elif not stat.S_ISREG(status.st_mode):
                raise KbenchError(f"{path} is not a regular file")
            if status.st_size > size:
                raise _too_large(path, size)
            if path.suffix == ".gz":
                with gzip.open(file) as unpacked:
                    data = unpacked.read(size + 1)
            else:
                data = file.read(size + 1)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise KbenchError(f"cannot read {path}: {reason}") from None
    if len(data) > size:
        raise _too_large(path, size)
    return data


def _too_large(path: Path, size: int) -> KbenchError:
    return KbenchError(f"{path} holds more than {size >> 20} MB, too much for a suite")
