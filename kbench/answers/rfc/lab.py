# SPDX-License-Identifier: MIT
"""The lab's suites by kernel and by variant of the KVM extension: what a sentence is made from."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from kbench.answers.compared import median_of, side_by_side
from kbench.answers.level import listed
from kbench.answers.measured import Measured, Unsupported, measured, those_measured
from kbench.answers.quantity import LATENCY
from kbench.suite.suite import Suite

ALL, STOCK, RFC = "all", "stock", "rfc-v1"
MECHANISMS = (
    *("userspace_exits", "mwait_yield", "entry_intercepts", "idle_flag", "mwait_step"),
    *("mwait_lowprio", "mwait_monitor", "vcpu_poll", "run_mp_state"),
)
"""Each a variant of its own: M1 to M9."""
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
    """The lab's among `suites`, the newest kernel last.

    Raises Unsupported where two are of one kernel and variant.
    """
    found: dict[str, dict[str, Suite]] = {}
    for suite in suites:
        first = next(iter(suite), None)
        if first is not None and first.provenance("kbench_target") == "lab":
            release = re.match(r"\d+\.\d+", first.provenance("kbench_kernel"))
            variant = first.provenance("kbench_extension")
            name = release[0] if release else "0.0"
            of_kernel = found.setdefault(name, {})
            if variant in of_kernel:
                raise Unsupported(f"two suites are of Linux {name} with KVM variant {variant}")
            of_kernel[variant] = suite

    def version(release: str) -> tuple[int, ...]:
        return tuple(int(part) for part in release.split("."))

    return [LabKernel(release, found[release]) for release in sorted(found, key=version)]


def told(
    found: Sequence[LabKernel], text: str, figures: Callable[[LabKernel], Sequence[str]]
) -> str:
    """`text` with the figures of the newest kernel, those of others in parentheses at its end.

    `{0} instructions, {1} more` and "6.1" become `4,234 instructions, 1,666 more (6.1: 4,175 and
    1,484)`. An older kernel without the figures, or with the same ones, is left out. Raises
    Unsupported where the newest kernel lacks them.
    """
    if not found:
        raise Unsupported("no lab suite was measured")
    *older, newest = found
    values = figures(newest)
    others = []
    for lab in reversed(older):
        try:
            other = figures(lab)
        except Unsupported:
            continue
        if other != values:
            others.append(f"{lab.release}: {listed(other)}")
    said = text.format(*values)
    return f"{said} ({'; '.join(others)})." if others else f"{said}."


def medians(found: Sequence[LabKernel], text: str, *names: str) -> str:
    """told() of the medians of these rows, each with what it is level with."""

    def figures(lab: LabKernel) -> list[str]:
        return side_by_side([lab(name) for name in names], LATENCY, median_of)

    return told(found, text, figures)


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
