# SPDX-License-Identifier: MIT
"""The catalogue: every benchmark of every family, and how to pick from it."""

import importlib
from collections.abc import Iterable, Sequence
from functools import cache

from kbench.benches.benchmark import Benchmark
from kbench.errors import KbenchError

__all__ = ["Benchmark", "catalogue", "find", "select"]


# Family -> the module of its rows: a worker needs one of them.
FAMILIES = {
    "exit": "exits",
    "floor": "floors",
    "hunt": "hunt",
    "idle": "idle",
    "inkernel": "inkernel",
    "mpstate": "mpstate",
    "vtl": "vtl",
    "wake": "wakeups",
    "work": "work",
}


@cache
def _rows(family: str) -> dict[str, Benchmark]:
    module = importlib.import_module(f"{__name__}.{FAMILIES[family]}")
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

    A selection (kbench/benches/selections.py) stands for its globs, and a name may be one
    that the tables do not list (kbench/benches/derive.py). Raises KbenchError for a
    selector that matches nothing, with the nearest name.
    """
    from fnmatch import fnmatchcase

    from kbench.benches.derive import derive
    from kbench.benches.selections import SELECTIONS

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
