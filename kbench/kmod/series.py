# SPDX-License-Identifier: MIT
"""A mechanism as a series of patches in upstream's form, made of the extension's own logic.

`ext/kvm/upstream/NAME.toml` has the patches. Each is a message and edits: text for one place of a
kernel file. In the text `@FILE NAME@` is a function of ext/kvm/src, in which the regular
expressions `words` have replaced the extension's names. No text of the kernel is kept.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kbench.kernels.errors import KernelError
from kbench.kmod import variants

TAKEN = re.compile(r"@(\w+\.[ch]) (\w+)@")
COMMENT = re.compile(r"/\*|\s\*")


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Text for `file`, which is new where `line` is empty.

    `line` is a regular expression for the one line that the text goes before, after, above (with
    the comment of a definition between them) or in the place of; of several matches the last,
    where `which` says so. `within` names the function or structure that the line is in. In
    the text {1} is the line's first group, and {number} one more than the last number that the
    expression `number` finds in the file.
    """

    file: str
    text: str
    line: str = ""
    within: str = ""
    place: Literal["before", "after", "above", "instead"] = "after"
    which: Literal["only", "last"] = "only"
    number: str = ""


@dataclass(frozen=True)
class Patch:
    """One commit: a subject, the message below it, and what it changes."""

    subject: str
    message: str
    edits: tuple[Edit, ...]

    def apply(self, tree: Path) -> None:
        """Make the edits in the sources below `tree`. Raises KernelError where one has no place."""
        for edit in self.edits:
            path = tree / edit.file
            path.write_text(_edited(path.read_text(), edit) if edit.line else edit.text)


def names() -> list[str]:
    """The mechanisms that there is a series for."""
    return sorted(path.stem for path in _directory().glob("*.toml"))


def patches(mechanism: str) -> list[Patch]:
    """The series of a mechanism of names().

    Raises KernelError for a function of the extension that is gone, or a word that it lacks.
    """
    table = tomllib.loads((_directory() / f"{mechanism}.toml").read_text())
    unused = set(table["words"])

    def taken(found: re.Match[str]) -> str:
        text = _function(found[1], found[2])
        for old, new in table["words"].items():
            text, count = re.subn(old, new, text)
            unused.difference_update([old] if count else [])
        return text

    made = [_patch(row, taken) for row in table["patch"]]
    if unused:
        raise KernelError(f"the extension's code has nothing that {mechanism}.toml calls {unused}")
    return made


def _directory() -> Path:
    return variants.directory() / "upstream"


def _patch(row: Mapping[str, Any], taken: Any) -> Patch:
    edits = [Edit(**{**fields, "text": TAKEN.sub(taken, fields["text"])}) for fields in row["edit"]]
    return Patch(row["subject"], row["message"], tuple(edits))


def _function(file: str, name: str) -> str:
    """The function `name` of ext/kvm/src/`file`, with the comment above it."""
    text = (variants.directory() / "src" / file).read_text()
    comment = r"(?:^/\*(?:(?!\*/).)*\*/\n)?"
    found = re.search(rf"{comment}^\w[^\n;]*\b{name}\(.*?^\}}", text, re.M | re.S)
    if not found:
        raise KernelError(f"{file} of the extension has no function {name}()")
    return found[0]


def _edited(text: str, edit: Edit) -> str:
    lines = text.splitlines(keepends=True)
    first, last = _span(lines, edit)
    found = [
        (index, match)
        for index in range(first, last)
        if (match := re.fullmatch(edit.line, lines[index].strip()))
    ]
    if not found or (edit.which == "only" and len(found) > 1):
        where = f" in {edit.within}" if edit.within else ""
        raise KernelError(f"{edit.file} has {len(found)} lines {edit.line!r}{where}, not one")
    index, match = found[-1]
    added = edit.text.replace("{1}", match[1]) if match.re.groups else edit.text
    if edit.number:
        number = int(re.findall(edit.number, text, re.MULTILINE)[-1]) + 1
        added = added.replace("{number}", str(number))
    start = index + (edit.place == "after")
    if edit.place == "above":
        while COMMENT.match(lines[start - 1]):
            start -= 1
        added = added if lines[start - 1] == "\n" else f"\n{added}"
    end = index + 1 if edit.place == "instead" else start
    return "".join([*lines[:start], added, *lines[end:]])


def _span(lines: list[str], edit: Edit) -> tuple[int, int]:
    """The lines of the function or structure that the edit is in, or all."""
    if not edit.within:
        return 0, len(lines)
    begin = re.compile(rf"(struct {edit.within} \{{|[a-z][^;]*\b{edit.within}\([^;]*)\s*")
    for index, line in enumerate(lines):
        if begin.fullmatch(line):
            rest = lines[index:]
            # Without a body it is a declaration.
            opened = next(i for i, one in enumerate(rest) if re.search(r"\{|;", one))
            if "{" in rest[opened]:
                return index, index + next(i for i, one in enumerate(rest) if one.startswith("}"))
    raise KernelError(f"{edit.file} has no {edit.within}")
