# SPDX-License-Identifier: MIT
"""Putting the extension into a KVM source tree: semantic patches and own files.

Coccinelle finds the places by the shape of the code, so one set of hooks holds
for several kernels. It is silent about a rule that matches nothing, hence every
hook is counted afterwards: each must have landed exactly once.
"""

import difflib
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from kbench.kernels import tools
from kbench.kernels.errors import KernelError
from kbench.kmod import variants
from kbench.kmod.sources import MAKEFILE
from kbench.kmod.variants import Variant

SPATCH_SECONDS = 300
DIFF_SECONDS = 60
OWN = Path("arch/x86/kvm/kbench")
# The beginning of a function's definition in the context of a rule.
FUNCTION = re.compile(r"^ (?:[a-z]\w*[ *]+)*(\w+)\([^;]*\)\n \{", re.MULTILINE)
HOOK = re.compile(r"\b(?:kvm|svm|vmx)_kbench_\w+|kbench/\w+\.h")


def apply(tree: Path, variant: Variant) -> None:
    """Hook the KVM sources of `tree` and add the extension's files for `variant`.

    Raises KernelError that names each hook that did not land, with its file and function.
    """
    if variant.mechanisms:
        hook(tree)
        select(tree, variant)


def hook(tree: Path) -> None:
    """What all variants have in common: the hooks and the extension's files. Raises as apply()."""
    missed = [landing for landing in landings(tree) if landing.missed]
    if missed:
        raise KernelError("\n".join(map(str, missed)))
    own = tree / OWN
    own.mkdir()
    for source in variants.sources():
        (own / source.name).write_bytes(source.read_bytes())
    objects = " ".join(f"kbench/{path.stem}.o" for path in sorted(own.glob("*.c")))
    with (tree / MAKEFILE).open("a") as makefile:
        makefile.write(f"\nkvm-y += {objects}\n")


def select(tree: Path, variant: Variant) -> None:
    """What sets a variant apart, in a hooked tree."""
    (tree / OWN / "kbench_variant.h").write_text(
        "/* SPDX-License-Identifier: GPL-2.0-only */\n"
        f"/* The mechanisms of the variant {variant.name}. */\n"
        f"#define KBENCH_MECHANISMS {variant.bits:#x}u\n"
    )


def diff(before: Path, after: Path) -> str:
    """The unified diff between two source trees, new files included."""
    names = {path.relative_to(top) for top in (before, after) for path in top.rglob("*")}
    parts: list[str] = []
    for name in sorted(names):
        old, new = before / name, after / name
        if old.is_dir() or new.is_dir() or (old.exists() and old.read_bytes() == new.read_bytes()):
            continue
        # With the name of the function in the head of each hunk, as kernel patches have it.
        command = ["diff", "--unified", "--show-c-function", "--new-file"]
        command += ["--label", f"a/{name}" if old.exists() else "/dev/null"]
        command += ["--label", f"b/{name}" if new.exists() else "/dev/null", str(old), str(new)]
        # diff(1) exits with 1 where the files differ.
        parts.append(tools.run(command, DIFF_SECONDS, accepted=(1,), what=f"diff failed on {name}"))
    return "".join(parts)


@dataclass(frozen=True)
class Landing:
    """How often a hook landed in a kernel file, and how often it should have.

    function: the kernel's function that the hook is put into, as far as the rule names one.
    """

    file: str
    hook: str
    landed: int
    wanted: int
    function: str

    @property
    def missed(self) -> bool:
        """Whether the kernel has changed where the rule looks."""
        return self.landed != self.wanted

    def __str__(self) -> str:
        where = f"{self.function}() in {self.file}" if self.function else self.file
        if self.missed:
            return f"the hook {self.hook} landed {self.landed} times, not {self.wanted}: {where}"
        return f"{self.hook} landed in {where}"


def landings(tree: Path) -> list[Landing]:
    """Put the hooks into the sources of `tree` and say of each whether it landed."""
    return [
        landing
        for name, rules in variants.hooks().items()
        for landing in _landings(tree / name, rules, name)
    ]


def _landings(path: Path, rules: Path, name: str) -> list[Landing]:
    before = _lines(path)
    command = ["spatch", "--very-quiet", "--no-includes", "--in-place"]
    command += ["--sp-file", str(rules), str(path)]
    tools.run(command, SPATCH_SECONDS, what=f"spatch failed on {name}")
    added = (line for line in difflib.ndiff(before, _lines(path)) if line.startswith("+ "))
    landed = Counter(word for line in added for word in HOOK.findall(line))
    text = rules.read_text()
    return [
        Landing(name, hook, landed[hook], wanted, function(text, hook))
        for hook, wanted in expected(rules).items()
    ]


def function(rules: str, hook: str) -> str:
    """The function whose definition surrounds `hook` in a semantic patch; empty without one."""
    for rule in re.split(r"^@.*\n", rules, flags=re.MULTILINE):
        if found := re.search(rf"^\+.*{hook}", rule, re.MULTILINE):
            names = FUNCTION.findall(rule[: found.start()])
            return names[-1] if names else ""
    return ""


def expected(rules: Path) -> Counter[str]:
    """How often each hook occurs in the added lines of a semantic patch."""
    added = (line for line in rules.read_text().splitlines() if line.startswith("+"))
    return Counter(word for line in added for word in HOOK.findall(line))


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines(keepends=True) if path.exists() else []
