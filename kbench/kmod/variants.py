# SPDX-License-Identifier: MIT
"""The KVM extension as data: which mechanisms and variants ext/kvm/ has.

`variants.toml` is the table; the hooks and sources lie beside it. Installed,
they are package data.
"""

import tomllib
from dataclasses import dataclass
from functools import cache as once
from importlib import resources
from pathlib import Path
from typing import Any

from kbench.kernels import cache
from kbench.kernels.errors import KernelError

STOCK = "stock"


@dataclass(frozen=True)
class Mechanism:
    """One way to treat an idle vCPU; `bits` are its bits of KVM_CAP_KBENCH's answer."""

    name: str
    label: str
    bits: int
    title: str
    mail: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Variant:
    """A named set of mechanisms built into the modules; `stock` has none."""

    name: str
    title: str
    mechanisms: tuple[Mechanism, ...]

    @property
    def bits(self) -> int:
        """What KVM_CHECK_EXTENSION(KVM_CAP_KBENCH) answers; 0 for `stock`."""
        return sum(mechanism.bits for mechanism in self.mechanisms)

    @property
    def needs(self) -> tuple[str, ...]:
        """The groups of programs.toml that its build needs beside `kvm`."""
        return ("extension",) if self.mechanisms else ()


def directory() -> Path:
    """The installed copy of ext/kvm/."""
    with resources.as_file(resources.files("kbench") / "_kvm") as path:
        return path


@once
def mechanisms() -> tuple[Mechanism, ...]:
    """Every mechanism, in the table's order."""
    return tuple(
        Mechanism(
            name=name,
            label=row["label"],
            bits=sum(1 << bit for bit in row["bits"]),
            title=row["title"],
            mail=row["mail"],
            sources=tuple(row["sources"]),
        )
        for name, row in _table()["mechanism"].items()
    )


@once
def variants() -> tuple[Variant, ...]:
    """`stock`, one variant a mechanism, and those that the table composes."""
    known = {mechanism.name: mechanism for mechanism in mechanisms()}
    found = [Variant(STOCK, "the distribution's KVM, built here", ())]
    found += [Variant(m.name, m.title, (m,)) for m in known.values()]
    for name, row in _table()["variant"].items():
        parts = tuple(known[part] for part in row["mechanisms"])
        found.append(Variant(name, row["title"], parts))
    return tuple(found)


def variant(name: str) -> Variant:
    """The variant called `name`. Raises KernelError, with the known names."""
    for candidate in variants():
        if candidate.name == name:
            return candidate
    names = ", ".join(candidate.name for candidate in variants())
    raise KernelError(f"no KVM variant {name!r}: known are {names}")


def named(word: str) -> Variant:
    """The variant of that name, or of the mechanism with that number. Raises as variant()."""
    numbers = {mechanism.label: mechanism.name for mechanism in mechanisms()}
    return variant(numbers.get(word, word))


def sources() -> list[Path]:
    """The extension's own C files and headers, sorted."""
    below = directory()
    return sorted([*(below / "src").glob("*.[ch]"), *(below / "include").glob("*.h")])


def hooks() -> dict[str, Path]:
    """Kernel file -> the semantic patch that hooks it."""
    return {name: directory() / "hooks" / file for name, file in _table()["hooks"].items()}


def digest() -> str:
    """Changes with any file of the series."""
    files = [*sources(), *hooks().values(), directory() / "variants.toml"]
    return cache.digest(*(part for path in files for part in (path.name, path.read_bytes())))


@once
def _table() -> dict[str, Any]:
    return tomllib.loads((directory() / "variants.toml").read_text())
