# SPDX-License-Identifier: MIT
"""What is injected into a restored lab: kbench's measuring part and the KVM modules."""

from collections.abc import Iterator
from pathlib import Path

import kbench
from kbench.guests.image import IMAGES
from kbench.kernels import elf
from kbench.lab.errors import LabError
from kbench.lab.image.initramfs import compiled

# The rooms that only the host side uses; of the lab itself two modules run inside.
HOST_SIDE = (
    *(
        "answers",
        "api.py",
        "cli",
        "doctor",
        "explain",
        "fleet",
        "judge",
        "kernels",
        "kmod",
        "lab",
        "present",
        "report",
        "session",
    ),
    *("targets", "programs.py", "programs.toml", "distribution.py", "distributions.toml"),
)
INSIDE = tuple(
    f"lab/{name}.py" for name in ("__init__", "inside/__init__", "inside/measure", "inside/console")
)
Files = dict[str, bytes]
# Kernel scripts/sign-file.c: signature, struct module_signature (12 bytes, its length
# in the last 4), this text.
SIGNATURE = b"~Module signature appended~\n"


def package() -> Files:
    """The measuring part of the installed kbench, with all guests: path -> content."""
    top = Path(kbench.__file__).parent
    if not list(top.glob("_abi*.so")):
        raise LabError("the lab needs the installed kbench with its compiled modules")
    found = {}
    for path in sorted(_files(top)):
        name = f"kbench/{path.relative_to(top)}"
        if path.suffix == ".py":
            found[f"{name}c"] = compiled(path, name)
        else:
            found[name] = path.read_bytes()
    for path in sorted(IMAGES.glob("*.bin")):
        found[f"kbench/guests/{IMAGES.name}/{path.name}"] = path.read_bytes()
    return found


def _files(top: Path) -> Iterator[Path]:
    for path in top.rglob("*"):
        relative = path.relative_to(top)
        wanted = path.suffix in (".py", ".so", ".toml")
        if wanted and (relative.parts[0] not in HOST_SIDE or str(relative) in INSIDE):
            yield path


def module(data: bytes) -> bytes:
    """A kernel module without what only costs loading time: signature and local symbols.

    Checking the signature and the symbols takes 0.4 s and says nothing here: the
    packages' hashes were checked. The code stays as it is.
    """
    if data.endswith(SIGNATURE):
        length = int.from_bytes(data[-len(SIGNATURE) - 4 : -len(SIGNATURE)], "big")
        data = data[: -len(SIGNATURE) - 12 - length]
    return elf.stripped(data, "--strip-unneeded")
