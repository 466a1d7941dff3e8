# SPDX-License-Identifier: MIT
"""How the package is laid out, counted: `python tests/house.py [TREE ...]`, a column a tree.

A room is a folder of kbench/ with Python in it; an arrow is a top-level room that imports
another. What adding a thing touches is counted on those that exist: the files named after
one, and the files that name every one.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = ("*.py", "*.toml", "*.j2", "*.S", "meson.build")


def rooms(tree: Path) -> set[str]:
    """The folders of kbench/ that hold Python."""
    package = tree / "kbench"
    return {str(path.parent.relative_to(package)) for path in package.rglob("*.py")} - {"."}


def arrows(tree: Path) -> set[tuple[str, str]]:
    """(top-level room, one that it imports), each pair once."""
    package, found = tree / "kbench", set()
    tops = {room.split("/")[0] for room in rooms(tree)}
    for source in package.rglob("*.py"):
        here = source.relative_to(package).parts[0]
        for module in _imports(source):
            there = (*module.split("."), "")[1]
            if {here, there} <= tops and here != there:
                found.add((here, there))
    return found


def largest(tree: Path) -> int:
    """Files of the room that has most, without those of the rooms in it."""
    sizes = [len(list((tree / "kbench" / room).glob("*.py"))) for room in rooms(tree)]
    return max(sizes)


def _imports(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.startswith("kbench"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kbench"):
            yield from (f"{node.module}.{each.name}" for each in node.names)


def lines(tree: Path, folder: str, *patterns: str) -> int:
    """The lines of the files of a folder."""
    files = {path for pattern in patterns for path in (tree / folder).rglob(pattern)}
    return sum(len(path.read_text().splitlines()) for path in files)


def named_after(tree: Path, name: str) -> set[str]:
    """The files of kbench/ and guests/ that are called `name`, or lie in a folder called so."""
    stem = name.replace("-", "_")
    return {
        str(path.relative_to(tree))
        for path in _sources(tree)
        if stem in (path.stem.rstrip("_"), path.parent.name)
    }


def touched(tree: Path, names: Iterable[str]) -> set[str]:
    """The files that name each of `names`, apart from those that are named after it."""
    texts = {path: path.read_text() for path in _sources(tree)}

    def naming(name: str) -> set[str]:
        word = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
        found = {str(path.relative_to(tree)) for path, text in texts.items() if word.search(text)}
        return found - named_after(tree, name)

    return reduce(set.intersection, map(naming, names))


def _sources(tree: Path) -> Iterator[Path]:
    for folder in ("kbench", "guests"):
        for pattern in SOURCES:
            yield from (tree / folder).rglob(pattern)


# Things of a kind: what all of them are named in, the next one has to be named in.
GUESTS = ("pio_string", "mmio_read", "debug_step", "irq_window", "msr_write")
POLICIES = ("hlt-native", "mwait-resched", "mwait-step", "pause-exit", "hlt-exit-eventfd")
FAMILIES = ("hunt", "idle", "mpstate", "vtl", "wake", "work")  # those with stages
STAGES = ("late", "guest", "raise", "tell")  # of different families
CHOICES = ("selections.py", "metrics.toml")  # a selection or a metric of its own is optional
COMMANDS = ("compare", "doctor", "gate", "history", "report", "show")


def for_a_guest(tree: Path) -> set[str]:
    return touched(tree, GUESTS) | named_after(tree, "pio_string")


def for_a_policy(tree: Path) -> set[str]:
    return touched(tree, POLICIES)


def for_a_family(tree: Path) -> set[str]:
    stages = touched(tree, [f'"{stage}"' for stage in STAGES])
    found = touched(tree, FAMILIES) | stages | named_after(tree, "hunt")
    return {file for file in found if not file.endswith(CHOICES)}


def for_a_command(tree: Path) -> set[str]:
    return touched(tree, COMMANDS) | {"kbench/cli/doctor.py"}


ROWS: dict[str, Callable[[Path], int]] = {
    "rooms": lambda tree: len(rooms(tree)),
    "of them at the top": lambda tree: len({room.split("/")[0] for room in rooms(tree)}),
    "arrows between those": lambda tree: len(arrows(tree)),
    "files in the largest room": largest,
    "lines of Python in kbench/": lambda tree: lines(tree, "kbench", "*.py"),
    "lines of Cython and C in ext/": lambda tree: lines(tree, "ext", "*.py[xd]", "*.[ch]"),
    "lines of guests/": lambda tree: lines(tree, "guests", "*.[Sh]"),
    "lines of tests/": lambda tree: lines(tree, "tests", "*.py"),
    "files of kbench/ over 200 lines": lambda tree: sum(
        len(path.read_text().splitlines()) > 200 for path in (tree / "kbench").rglob("*.py")
    ),
    "files that a new exit benchmark touches": lambda tree: len(for_a_guest(tree)),
    "files that a new policy touches": lambda tree: len(for_a_policy(tree)),
    "files that a new family touches": lambda tree: len(for_a_family(tree)),
    "files that a new command touches": lambda tree: len(for_a_command(tree)),
}


def main() -> None:
    trees = [Path(word) for word in sys.argv[1:]] or [ROOT]
    print(f"| | {' | '.join(str(tree.resolve().name) for tree in trees)} |")
    print("|---" * (len(trees) + 1) + "|")
    for title, count in ROWS.items():
        print(f"| {title} | {' | '.join(f'{count(tree):,}' for tree in trees)} |")


if __name__ == "__main__":
    main()
