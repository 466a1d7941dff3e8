# SPDX-License-Identifier: MIT
"""The project's Markdown: its pages, their code blocks, the commands in them."""

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SKIPPED = {"build", "dist", "golden", "local", "hypothesis"}


@cache
def pages() -> tuple[Path, ...]:
    """Every .md file of the checkout, without what is built and without hidden folders."""
    found = (path for path in ROOT.rglob("*.md"))
    return tuple(sorted(path for path in found if not _skipped(path.relative_to(ROOT))))


def _skipped(path: Path) -> bool:
    return any(part in SKIPPED or part.startswith(".") for part in path.parts)


def name(page: Path) -> str:
    """The page's path within the checkout, for the id of a test."""
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str | None = None) -> list[str]:
    """The fenced code blocks of a page, all or those in one language ("": in none)."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [text for named, text in found if language in (None, named)]


def prose(page: Path) -> str:
    """A page without its fenced and indented code."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"^    .*", "", text, flags=re.MULTILINE)


def spans(page: Path) -> list[str]:
    """What stands between backticks in a page's prose, each in one line."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(page))]


def code(page: Path) -> str:
    """A page's fenced and indented code."""
    indented = re.findall(r"^    (.*)", page.read_text(), re.MULTILINE)
    return "\n".join([*blocks(page), *indented])


def commands(text: str) -> list[str]:
    """Every `kbench ...` in `text`, without what the shell does before it and after it."""
    found = re.findall(r"^(?:.*[ /$])?(kbench (?!measures).*)", text, re.MULTILINE)
    return [re.split(r"\s(?:#|>|\|\|?|&&)(?:\s|$)", line)[0].rstrip("\\ ") for line in found]
