# SPDX-License-Identifier: MIT
"""What must be equal on two machines for their counts to be: kbench itself, QEMU, Python.

A label is also a resource of dask's, so that its scheduler sends no session to a machine that
lacks one, whenever that machine comes.
"""

import platform
from collections.abc import Mapping
from functools import cache as once
from pathlib import Path

import kbench
from kbench.guests.image import IMAGES
from kbench.kernels import cache
from kbench.lab.vm.qemu import installed

KBENCH, QEMU, PYTHON = "kbench", "QEMU", "Python"
# Of a label there is as much as a machine's sessions can take: it limits nothing.
PLENTY = 1000
Labels = Mapping[str, str]


@once
def build() -> str:
    """The version of this kbench, and a digest of its code and guests: "0.2.0 (0123456789abcdef)".

    A version alone would not tell a developer's two builds apart.
    """
    top = Path(kbench.__file__).parent
    found = [path for path in top.rglob("*") if path.suffix in (".py", ".so", ".toml")]
    files = sorted({*found, *IMAGES.glob("*.bin")})
    parts = (part for path in files for part in (str(path.relative_to(top)), path.read_bytes()))
    return f"{kbench.__version__} ({cache.digest(*parts)})"


def host_labels() -> Labels:
    """What a machine needs to measure times for this client."""
    return {KBENCH: build()}


def lab_labels() -> Labels:
    """What a machine needs to count as this one does. Raises EmulatorUnavailable."""
    return {KBENCH: build(), QEMU: installed.find().version, PYTHON: platform.python_version()}


def resources(labels: Labels, amount: float = 1) -> dict[str, float]:
    """The labels as resources: what a session takes, or with PLENTY what a machine has."""
    return {f"{kind} {value}": amount for kind, value in labels.items()}


def lacking(needed: Labels, there: Labels) -> str:
    """What differs, naming both: "kbench is 0.1.0 there and 0.2.0 here"; "" where all agree."""
    return ", ".join(
        f"{kind} is {there.get(kind, 'missing')} there and {value} here"
        for kind, value in needed.items()
        if there.get(kind) != value
    )
