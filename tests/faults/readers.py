# SPDX-License-Identifier: MIT
"""Every reader of bytes that may be anybody's: what it is given, and what it may raise."""

import contextlib
import gzip
import io
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from support.suites import encoded

from kbench._native import floors
from kbench.errors import KbenchError
from kbench.explain import elf
from kbench.judge.project import load_project
from kbench.kernels import modinfo, vmlinux
from kbench.kernels.files import release
from kbench.lab import protocol
from kbench.report.embed import embed, extract
from kbench.suite import functions, histogram
from kbench.suite.load import load

DATA = Path(__file__).parents[1] / "data"
CORPUS = Path(__file__).parent / "corpus"
TOML = b"""
[margins.host]
p50 = "5%"
[[acknowledged]]
benchmark = "exit.pio_out"
reason = "known"
expires = 2030-01-01
"""
COUNTS = {"counts": {"buckets": [[3, 1]], "count": 1, "minimum": 3, "maximum": 3, "total": 3,
                     "counters": {}, "void": "", "guest_sha256": "0"}}  # fmt: skip
MESSAGES = b"\n".join(json.dumps(one).encode() for one in (COUNTS, {"facts": {"a": 1}})) + b"\n"


@dataclass(frozen=True)
class Reader:
    """`read` takes bytes like `seed`; it may raise KbenchError and nothing else."""

    name: str
    seed: bytes
    read: Callable[[bytes], object]
    weight: int = 1


def _in_a_file(name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    def reader(data: bytes) -> object:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            with contextlib.redirect_stderr(io.StringIO()):
                return read(path)

    return reader


def _journal(path: Path) -> object:
    path.rename(path.with_name("a.json.journal"))
    return load(path)


def _kernel(path: Path) -> object:
    with contextlib.suppress(KbenchError):
        release(path)
    return vmlinux.bootable(path)


# A header of the boot protocol 2.08, and a payload compressed by gzip.
BZIMAGE = bytearray(2048)
BZIMAGE[0x202:0x208] = b"HdrS\x08\x02"
BZIMAGE[0x20E:0x210] = (0x300).to_bytes(2, "little")
BZIMAGE[0x500:0x509] = b"6.1.0 (x)"
PACKED = gzip.compress(vmlinux.ELF + vmlinux.ELF64 + vmlinux.PVH, mtime=0)
BZIMAGE[0x1F1] = 1
BZIMAGE[0x248:0x250] = (256).to_bytes(4, "little") + len(PACKED).to_bytes(4, "little")
BZIMAGE[1024 + 256 : 1024 + 256 + len(PACKED)] = PACKED
SUITE = (DATA / "lab-pio.json").read_bytes()
PAGE = embed("a.json", SUITE)
LINK = f'<a data-suite="{PAGE.name}" data-sha256="{PAGE.sha256}" href="{PAGE.href}">'
RUN = json.dumps({"values": [1.0], "metadata": {"name": "a", "date": "x"}}).encode()

READERS = (
    Reader("suite", SUITE, _in_a_file("a.json", load)),
    Reader("journal", b'{"names": ["a"], "keeps": false}\n' + RUN + b"\n",
           _in_a_file("a.json", _journal)),
    Reader("histogram", encoded(6000).encode(),
           lambda data: histogram.decode(data.decode("latin-1")), 3),
    Reader("functions", functions.pack({("vcpu_run", "kvm"): 100, ("a", ""): 3}).encode(),
           lambda data: functions.unpack(data.decode("latin-1")), 20),
    Reader("project", TOML, _in_a_file("kbench.toml", load_project), 2),
    Reader("protocol", MESSAGES, protocol.decode, 40),
    Reader("elf", Path(floors.__file__).read_bytes(), elf.functions),
    Reader("kernel", bytes(BZIMAGE), _in_a_file("vmlinuz", _kernel), 2),
    Reader("module", b"\0vermagic=6.1 SMP\0depends=a,b\0", modinfo.depends, 10),
    Reader("page", LINK.encode(), _in_a_file("a.html", extract)),
)  # fmt: skip


def check(reader: Reader, data: bytes) -> None:
    """Let it read; what it raises beside KbenchError is a fault."""
    with contextlib.suppress(KbenchError):
        reader.read(data)
