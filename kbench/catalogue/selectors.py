# SPDX-License-Identifier: MIT
"""Picking from the catalogue: by family, name, glob or selection."""

import importlib
from collections.abc import Iterable, Sequence
from functools import cache

from kbench.catalogue.benchmark import Benchmark
from kbench.errors import KbenchError

# A family's rows are in the module of its name; a worker imports that one alone.
FAMILIES = ("exit", "floor", "hunt", "idle", "inkernel", "mpstate", "vtl", "wake", "work")


@cache
def _rows(family: str) -> dict[str, Benchmark]:
    module = importlib.import_module(f"kbench.catalogue.{family}")
    return {row.name: row for row in module.BENCHMARKS}


@cache
def catalogue() -> tuple[Benchmark, ...]:
    """All benchmarks, by family in alphabetical order; names are unique."""
    return tuple(row for family in FAMILIES for row in _rows(family).values())


def find(name: str) -> Benchmark:
    """The benchmark of exactly this name. Raises KbenchError as select() does."""
    family = name.partition(".")[0]
    row = _rows(family).get(name) if family in FAMILIES else None
    return row or select([name])[0]


def select(
    selectors: Sequence[str], rows: Iterable[Benchmark] | None = None
) -> tuple[Benchmark, ...]:
    """The benchmarks that any selector names: a family, a name, or a glob; all for none.

    A selection (kbench/catalogue/selections.py) stands for its globs, and a name may be one
    that the tables do not list (kbench/catalogue/derive.py). Raises KbenchError for a
    selector that matches nothing, with the nearest name.
    """
    from fnmatch import fnmatchcase

    from kbench.catalogue.derive import derive
    from kbench.catalogue.selections import SELECTIONS

    rows = catalogue() if rows is None else tuple(rows)
    if not selectors:
        return tuple(rows)
    chosen: set[str] = set()
    derived: dict[str, Benchmark] = {}
    for selector in [glob for word in selectors for glob in SELECTIONS.get(word, (word,))]:
        matches = {
            row.name for row in rows if row.family == selector or fnmatchcase(row.name, selector)
        }
        row = None if matches else derive(selector)
        if row:
            derived[row.name] = row
        elif not matches:
            raise KbenchError(_unknown(selector, rows))
        chosen |= matches
    return (*(row for row in rows if row.name in chosen), *derived.values())


def _unknown(selector: str, rows: Iterable[Benchmark]) -> str:
    from difflib import get_close_matches

    names = [row.name for row in rows]
    families = sorted({row.family for row in rows})
    near = get_close_matches(selector, [*names, *families], n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"families are {', '.join(families)}"
    return f"no benchmark matches {selector!r}: {hint} (kbench list shows all)"
