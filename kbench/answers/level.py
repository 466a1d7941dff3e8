# SPDX-License-Identifier: MIT
"""Which of several policies is best, and which ones nothing tells apart.

The only place of a superlative: whoever names one row has separated it from each other one.
"""

from collections.abc import Sequence
from math import comb

from kbench.answers.measured import Measured, Unsupported
from kbench.answers.quantity import Quantity
from kbench.catalogue.patterns import pattern
from kbench.errors import KbenchError

CHANCE = 0.02
"""The most that chance may separate two rows by: that of the gate's intervals."""


def apart(a: Measured, b: Measured, quantity: Quantity, comparisons: int = 1) -> bool:
    """Whether every run of one lies beyond every run of the other, and there are enough of them.

    Chance alone separates m runs from n with 2 / C(m + n, m); of `comparisons` each has its part
    of CHANCE (Bonferroni). Two exact counts of the lab differ or they do not.
    """
    first, second = quantity.values(a), quantity.values(b)
    if a.benchmark.exact and b.benchmark.exact:
        return set(first) != set(second)
    separate = max(first) < min(second) or max(second) < min(first)
    chance = 2 / comb(len(first) + len(second), len(first))
    for exact, sample in ((a, second), (b, first)):
        if exact.benchmark.exact:  # a count that no phase changes against a sample: a sign test
            chance = 2 / 2 ** len(sample)
    return separate and chance * comparisons <= CHANCE


def best(rows: Sequence[Measured], quantity: Quantity) -> list[Measured]:
    """The row with the best median, and after it those that are not apart from it.

    Raises Unsupported where the rows may not be compared, or there is none.
    """
    comparable(rows)
    ordered = sorted(rows, key=quantity.typical, reverse=quantity.more)
    first, *others = ordered
    return [first, *(row for row in others if not apart(first, row, quantity, len(others)))]


def superlative(rows: Sequence[Measured], quantity: Quantity, one: str, several: str) -> str:
    """`hlt costs least`, or of a level group `hlt and mwait-monitor cost least and are level`.

    `one` follows the name of a row that is apart from each other one, `several` the names of
    those that are not: how many they are, and NAMED of them, where they are more.
    """
    found = best(rows, quantity)
    names = [row.policy for row in found]
    if len(found) == 1:
        return f"{names[0]} {one}"
    who = listed(names)
    if len(names) > NAMED:
        who = f"{len(names)} policies, {listed(names[:NAMED])} among them,"
    return f"{who} {several} and are level"


NAMED = 4
"""The most policies of a level group that a sentence names."""


def comparable(rows: Sequence[Measured], but: str = "") -> None:
    """Raises Unsupported, naming the premise, where two rows differ in what they cover.

    `but` is the field of their scope in which they may differ, as the sentence says.
    """
    if not rows:
        raise Unsupported("none of these was measured")
    first, *others = rows
    for row in others:
        for name in PREMISES:
            if name != but and _differ(first, row, name):
                mine, theirs = getattr(first.scope, name), getattr(row.scope, name)
                raise Unsupported(
                    f"{first.benchmark.name} and {row.benchmark.name} differ in "
                    f"{PREMISES[name]}: {mine} and {theirs}"
                )


PREMISES = {
    "wake_source": "what fires their events",
    "cpu": "whose CPU time they count",
    "cgroup": "the cgroups of their threads",
    "kernel": "the kernel",
    "variant": "the variant of KVM",
    "backend": "where they were measured",
}


def same_scope(rows: Sequence[Measured]) -> list[Measured]:
    """The largest group of rows that may be compared with each other, in their order."""
    groups: dict[object, list[Measured]] = {}
    for row in rows:
        groups.setdefault(row.scope, []).append(row)
    return max(groups.values(), key=len, default=[])


def not_compared(rows: Sequence[Measured], kept: Sequence[Measured]) -> str:
    """`; not compared: hlt-user (what fires their events)`, the `rows` that are not `kept`; or "".

    A superlative of some policies names those that it is silent about, and why.
    """
    names = []
    for row in rows:
        if row not in kept:
            fields = (each for each in PREMISES if _differ(row, kept[0], each))
            names.append(f"{row.policy} ({', '.join(PREMISES[each] for each in fields)})")
    return f"; not compared: {', '.join(names)}" if names else ""


def _differ(a: Measured, b: Measured, premise: str) -> bool:
    return bool(getattr(a.scope, premise) != getattr(b.scope, premise))


def on_plan(row: Measured) -> None:
    """Raises Unsupported where events came at another rate than the row's pattern plans.

    So does a pattern that this catalogue does not have: what it planned is unknown.
    """
    family, _, rest = row.benchmark.name.partition("@")[0].partition(".")
    try:
        planned = pattern(rest).rate if family == "idle" else 0
    except KbenchError as error:
        raise Unsupported(f"{row.benchmark.name}: {error}") from None
    if planned and abs(row.rate / planned - 1) > RATE:
        raise Unsupported(
            f"{row.benchmark.name}: {row.rate:,.0f} events in 10^9 ns, its pattern plans "
            f"{planned:,.0f}"
        )


RATE = 0.02


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
