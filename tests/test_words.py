# SPDX-License-Identifier: MIT
"""One word, one thing: class names are unique, and retired words stay out of names.

docs/glossary.md has the words. Each exception below says why it stands.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "kbench"
GLOSSARY = ROOT / "docs" / "glossary.md"
ENTRIES = 40  # a glossary that is longer is not learnt

# Words that meant several things, or that no KVM engineer uses: what to say instead.
RETIRED = {
    "account": "counters",
    "answer": "probe cache",
    "beside": "sibling, competitor or helper",
    "crew": "threads",
    "dog": "watchdog",
    "image": "guest image; kernel package; vmlinux",
    "lane": "vCPU thread",
    "look": "probe, or interim analysis",
    "machine": "host, lab machine or VM",
    "mend": "fix",
    "neighbour": "sibling, competitor or helper",
    "pin": "kernel release, IRQ chip pin, CPU affinity",
    "pinned": "own pCPU",
    "scenario": "windowed measurement",
    "source": "wake source, suite file, kernel tree, method",
    "spent": "delta",
    "turn": "seed index, idle round, time slice",
    "witness": "cross-check",
}
# The same for sentences, in any form of the word.
UNSAID = re.compile(
    r"\b(mend(s|ed|ing)?|dear(er|est)?|neighbours?|crew|witness(es|ed)?|errs? to)\b",
    re.IGNORECASE,
)
QUOTED = ("kbench/catalogue/renamed.py", "CHANGELOG.md", "kbench/answers/rfc", "reports/rfc-idle")
PROSE = (".py", ".pyi", ".pyx", ".toml", ".md", ".S", ".c", ".h", ".j2", ".html")
EXCEPTED = {
    "WakeSource": "the field's word for what wakes a vCPU",
    "ext/native/wake_sources.pyx": "the same",
    "IrqchipPin": "an IOAPIC has pins",
    "Image": "the guest image: nothing else is an image",
    "kbench/guests/image.py": "the same",
    "kbench/lab/image": "what the lab boots",
    "LabMachine": "the lab machine",
    "kbench/lab/vm/machines.py": "the same",
    "kbench/kmod/sources.py": "C sources of KVM",
    "kbench/answers": "what a suite says to the questions of make run",
    "kbench/cli/answers.py": "the same",
}


def classes() -> dict[str, list[str]]:
    """The names of all classes of the package and its stubs, with the files that define them."""
    found = defaultdict(list)
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.pyi")]):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(str(path.relative_to(ROOT)))
    return found


def modules() -> Iterator[str]:
    """The paths of all modules and rooms of the package and of its native code."""
    for folder, suffix in ((PACKAGE, ".py"), (ROOT / "ext", ".pyx"), (ROOT / "ext", ".h")):
        for path in folder.rglob(f"*{suffix}"):
            yield str(path.relative_to(ROOT))


def words(name: str) -> set[str]:
    """The words of a class name or a path, in lower case and singular."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return {part.lower() for part in parts} | {part.lower().removesuffix("s") for part in parts}


def retired(names: Iterator[str] | list[str]) -> dict[str, set[str]]:
    """The names that hold a retired word, but for the exceptions."""
    found = {name: words(name) & set(RETIRED) for name in names}
    return {
        name: hits
        for name, hits in found.items()
        if hits and not any(name == e or name.startswith(e + "/") for e in EXCEPTED)
    }


def test_class_names_are_unique() -> None:
    twice = {name: files for name, files in classes().items() if len(files) > 1}
    assert twice == {}


def test_retired_words_stay_out_of_names() -> None:
    assert retired([*classes(), *modules()]) == {}


def unsaid(text: str) -> list[str]:
    return [found[0] for found in UNSAID.finditer(text)]


def test_retired_words_stay_out_of_sentences() -> None:
    folders = [ROOT / name for name in ("kbench", "docs", "ext", "guests", "reports")]
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in PROSE]
    files += ROOT.glob("*.md")
    assert len(files) > 300
    names = {path.relative_to(ROOT).as_posix(): path for path in files}
    found = {
        name: unsaid(path.read_text())
        for name, path in names.items()
        if not name.startswith(QUOTED)
    }
    assert {name: words for name, words in found.items() if words} == {}


def test_the_glossary_is_short_and_in_two_parts() -> None:
    text = GLOSSARY.read_text()
    assert 20 <= len(re.findall(r"^\| \*\*", text, re.MULTILINE)) <= ENTRIES
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## The field's",
        "## The measurement's",
    ]


def test_the_search_can_fail() -> None:
    assert unsaid("A dearer way, mended: neighbours") == ["dearer", "mended", "neighbours"]
    assert unsaid("endearing amendments") == []
    names = ["VcpuLane", "kbench/worker/looks.py", "IrqchipPin", "Opinion", "kbench/lab/image/a.py"]
    assert retired(names) == {"VcpuLane": {"lane"}, "kbench/worker/looks.py": {"look"}}


def test_docstrings_say_what_they_raise_in_one_way() -> None:
    """ "Raises X when ...": no section of errors in another dialect."""
    dialects = re.compile(r"^ *(?:Errors|Raises|Returns|Args|Throws):|[.;] Errors:", re.MULTILINE)
    found = [str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*.py")]
    assert [name for name in found if dialects.search((ROOT / name).read_text())] == []


def test_the_changelog_begins_with_this_version() -> None:
    from kbench import __version__

    assert (
        re.findall(r"^## (.*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0] == __version__
    )


def test_what_a_checker_is_told_to_pass_over_has_its_reason_beside_it() -> None:
    told = re.compile(r"#\s*(type: ignore|noqa)\b(?P<rest>.*)")
    reason = re.compile(r"(\[[a-z-]+\]|: [A-Z]+\d+)  # \w")
    silent = []
    for folder in ("kbench", "ext", "tests"):
        for path in (ROOT / folder).rglob("*.py*"):
            if path.suffix in (".py", ".pyi", ".pyx") and path.name != Path(__file__).name:
                for number, line in enumerate(path.read_text().splitlines(), 1):
                    found = told.search(line)
                    if found and not reason.match(found["rest"]):
                        silent.append(f"{path.relative_to(ROOT)}:{number}")
    assert silent == []
