# SPDX-License-Identifier: MIT
"""Inside the lab: send where the kernel's symbols, the modules and this process's files lie."""

import base64
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

Send = Callable[[dict[str, Any]], None]
UNMEASURED = "it says where code lies"


def kernel(job: dict[str, Any], send: Send) -> None:
    """Send the kernel's own functions and labels; nothing where it has no symbols."""
    symbols = Path("/proc/kallsyms")  # not there without CONFIG_KALLSYMS
    lines = symbols.read_bytes().splitlines(keepends=True) if symbols.exists() else []
    found = [line for line in lines if line[17:18] in b"tTwW" and b"[" not in line]
    send({"facts": _texts(kallsyms=b"".join(found)), "skipped": UNMEASURED})


def process(job: dict[str, Any], send: Send) -> None:
    """Send the sections of modules, and what this process maps."""
    sections = [
        f"{module.name} {section.name} ".encode() + section.read_bytes()
        for module in sorted(Path("/sys/module").iterdir())
        for section in sorted((module / "sections").glob(".*"))
    ]
    maps = Path("/proc/self/maps").read_bytes()
    send({"facts": _texts(sections=b"".join(sections), maps=maps), "skipped": UNMEASURED})


def _texts(**contents: bytes) -> dict[str, str]:
    return {
        name: base64.b64encode(zlib.compress(content, 1)).decode()
        for name, content in contents.items()
    }
