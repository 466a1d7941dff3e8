# SPDX-License-Identifier: MIT
"""The lab's suites by kernel and by variant of the KVM extension: what a sentence is made from."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from kbench.answers.measured import Measured, Unsupported, measured, those_measured
from kbench.suite.suite import Suite

ALL, STOCK, RFC = "all", "stock", "rfc-v1"
EEVDF = (6, 6)
"""The release whose scheduler replaced CFS (kernel/sched/fair.c, commit 147f3efaa241)."""
WORK_ITEM = "25,000 instructions"
"""An item of the VMM's work (WORK_ROUNDS of kbench/worker/idle/work.py)."""


@dataclass(frozen=True, slots=True)
class LabKernel:
    """The suites of one kernel; `release` is "6.12"."""

    release: str
    suites: Mapping[str, Suite]

    def __call__(self, name: str, variant: str = ALL) -> Measured:
        """A benchmark. Raises Unsupported where it cannot be judged."""
        return measured(self._suite(variant), name)

    def those(self, *names: str, variant: str = ALL) -> list[Measured]:
        """Those of `names` that can be judged. Raises Unsupported when there are none."""
        return those_measured(self._suite(variant), names)

    def matching(self, glob: str, variant: str = ALL) -> list[Measured]:
        """The benchmarks that `glob` matches and that can be judged, in the suite's order."""
        return [
            Measured(row)
            for row in self.suites.get(variant, ())
            if row.good and fnmatchcase(row.name, glob)
        ]

    def has(self, name: str, variant: str = ALL) -> bool:
        """Whether a benchmark can be judged."""
        try:
            self(name, variant)
        except Unsupported:
            return False
        return True

    @property
    def scheduler(self) -> str:
        version = tuple(int(part) for part in self.release.split("."))
        return "EEVDF" if version >= EEVDF else "CFS"

    def _suite(self, variant: str) -> Suite:
        if variant not in self.suites:
            raise Unsupported(f"Linux {self.release} was not measured with KVM variant {variant}")
        return self.suites[variant]


def labs(suites: Iterable[Suite]) -> list[LabKernel]:
    """The lab's among `suites`, the newest kernel last."""
    found: dict[str, dict[str, Suite]] = {}
    for suite in suites:
        first = next(iter(suite), None)
        if first is not None and first.provenance("kbench_target") == "lab":
            release = re.match(r"\d+\.\d+", first.provenance("kbench_kernel"))
            variant = first.provenance("kbench_extension")
            found.setdefault(release[0] if release else "0.0", {})[variant] = suite

    def version(release: str) -> tuple[int, ...]:
        return tuple(int(part) for part in release.split("."))

    return [LabKernel(release, found[release]) for release in sorted(found, key=version)]


def newest_first(found: Sequence[LabKernel], say: Callable[[LabKernel], str]) -> str:
    """`1,666 (6.1: 1,484)`: what is said of the newest kernel, and of the others where it differs.

    An older kernel without the figure is left out; the newest must have it.
    """
    if not found:
        raise Unsupported("no lab suite was measured")
    *older, newest = found
    text = say(newest)
    others = []
    for lab in reversed(older):
        try:
            other = say(lab)
        except Unsupported:
            continue
        if other != text:
            others.append(f"{lab.release}: {other}")
    return f"{text} ({'; '.join(others)})" if others else text


def for_each(found: Sequence[LabKernel], say: Callable[[LabKernel], str]) -> str:
    """`say` of each kernel that supports it, the newest first, a sentence each.

    Raises Unsupported, with the newest kernel's reason, where none does.
    """
    texts, reasons = [], []
    for lab in reversed(found):
        try:
            texts.append(f"Linux {lab.release}: {say(lab)}")
        except Unsupported as reason:
            reasons.append(str(reason))
    if not texts:
        raise Unsupported(reasons[0] if reasons else "no lab suite was measured")
    return " ".join(texts)


def by_verdict(
    found: Sequence[LabKernel], verdict: Callable[[LabKernel], bool]
) -> tuple[list[LabKernel], list[LabKernel]]:
    """The kernels for which `verdict` holds, and the others; those without it are in neither.

    Raises Unsupported, with the newest kernel's reason, where no kernel supports a verdict.
    """
    yes: list[LabKernel] = []
    no: list[LabKernel] = []
    reasons = []
    for lab in reversed(found):
        try:
            (yes if verdict(lab) else no).append(lab)
        except Unsupported as reason:
            reasons.append(str(reason))
    if not yes and not no:
        raise Unsupported(reasons[0] if reasons else "no lab suite was measured")
    return yes, no
