# SPDX-License-Identifier: MIT
"""The vocabulary of judging: verdicts, margins, and a judged change."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The four answers; a p-value alone is none of them."""

    WORSE = "worse"
    BETTER = "better"
    SAME = "same"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Margin:
    """The smallest change that matters: a share of base or a number of units, the larger one.

    `absolute` is in instructions, and used in the lab only.
    """

    relative: float
    absolute: float = 0.0

    def around(self, base: float) -> float:
        """The margin in units of `base`."""
        return max(self.relative * base, self.absolute)

    def __str__(self) -> str:
        share = f"{self.relative * 100:g}%"
        return f"{share} or {self.absolute:g}" if self.absolute else share


@dataclass(frozen=True, slots=True)
class Change:
    """One metric of one benchmark, base against head.

    `base` and `head` are medians over the good runs, in `unit` (a pyperf unit). `low`, `mid`
    and `high` are the change as a share of base (0.05: head is 5 % larger); on the host the
    98 % interval, infinite with too few runs, in the lab three equal facts. `delta` is the
    exact difference in units (lab only). `verdict` is None for a metric that is shown and not
    judged. `further_pairs` is how many more pairs of runs would probably decide.
    """

    benchmark: str
    metric: str
    unit: str
    exact: bool
    base: float
    head: float
    base_runs: int
    head_runs: int
    low: float
    mid: float
    high: float
    delta: float | None
    margin: Margin | None
    verdict: Verdict | None
    further_pairs: int | None = None
    acknowledged: str | None = None
    notes: tuple[str, ...] = ()
