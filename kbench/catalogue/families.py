# SPDX-License-Identifier: MIT
"""The families: each is the module of its name, and declares everything about itself.

`BENCHMARKS` are its rows. `STAGES` are the stages of an event's path in their order, with
what each spans; `PATH` is what they make up, where they are worth a picture. `parse(event,
variant)` makes a row that is not in the table. A worker imports its own family alone.
"""

import importlib
from collections.abc import Iterator
from functools import cache
from types import ModuleType

from kbench.catalogue.benchmark import Benchmark

FAMILIES = ("exit", "floor", "hunt", "idle", "inkernel", "mpstate", "vtl", "wake", "work")


def module(family: str) -> ModuleType:
    """The module of one of FAMILIES."""
    return importlib.import_module(f"kbench.catalogue.{family}")


@cache
def rows(family: str) -> dict[str, Benchmark]:
    """The rows of a family by name."""
    return {row.name: row for row in module(family).BENCHMARKS}


@cache
def catalogue() -> tuple[Benchmark, ...]:
    """All benchmarks, by family in alphabetical order; names are unique."""
    return tuple(row for family in FAMILIES for row in rows(family).values())


def stages(family: str) -> dict[str, str]:
    """The stages of an event's path, in order: name -> what it spans. {} where there are none."""
    found: dict[str, str] = getattr(module(family), "STAGES", {}) if family in FAMILIES else {}
    return found


def paths() -> Iterator[tuple[str, str]]:
    """The families whose stages make up a path worth a picture, and what it is."""
    for family in FAMILIES:
        if path := getattr(module(family), "PATH", ""):
            yield family, path
