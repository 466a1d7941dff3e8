# SPDX-License-Identifier: MIT
"""Picking from the catalogue: by family, name, glob or selection."""

from collections.abc import Iterable, Sequence

from kbench.catalogue.benchmark import Benchmark
from kbench.catalogue.families import FAMILIES, catalogue, rows
from kbench.catalogue.renamed import present_name
from kbench.errors import KbenchError


def find(name: str) -> Benchmark:
    """The benchmark of this name. Raises KbenchError where it names none, as select() does, or
    several.
    """
    family = name.partition(".")[0]
    if family in FAMILIES and name in rows(family):
        return rows(family)[name]
    found = select([name])
    if len(found) != 1:
        raise KbenchError(f"{name} is {len(found)} benchmarks: name one, as {found[0].name}")
    return found[0]


def select(
    selectors: Sequence[str], among: Iterable[Benchmark] | None = None
) -> tuple[Benchmark, ...]:
    """The benchmarks that any selector names: a family, a name, or a glob; all for none.

    A selection (kbench/catalogue/selections.py) stands for its globs. A name may be one that
    the tables do not list (kbench/catalogue/derive.py), or of an older release. Raises
    KbenchError, with the nearest name, for a selector that matches nothing.
    """
    from fnmatch import fnmatchcase

    from kbench.catalogue.derive import derive
    from kbench.catalogue.selections import SELECTIONS

    listed = catalogue() if among is None else tuple(among)
    if not selectors:
        return listed
    chosen: set[str] = set()
    derived: dict[str, Benchmark] = {}
    globs = [glob for word in selectors for glob in SELECTIONS.get(word, (word,))]
    for selector in map(present_name, globs):
        matches = {
            row.name for row in listed if row.family == selector or fnmatchcase(row.name, selector)
        }
        row = None if matches else derive(selector)
        if row:
            derived[row.name] = row
        elif not matches:
            raise KbenchError(_unknown(selector, listed))
        chosen |= matches
    return (*(row for row in listed if row.name in chosen), *derived.values())


def _unknown(selector: str, listed: Iterable[Benchmark]) -> str:
    from difflib import get_close_matches

    names = [row.name for row in listed]
    families = sorted({row.family for row in listed})
    near = get_close_matches(selector, [*names, *families], n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"families are {', '.join(families)}"
    return f"no benchmark matches {selector!r}: {hint} (kbench list shows all)"
