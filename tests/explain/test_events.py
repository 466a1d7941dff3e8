# SPDX-License-Identifier: MIT
"""The two stamps of a figure are found by what they measure."""

from collections.abc import Sequence

import numpy as np
import pytest

from kbench._native.hdr import bucket_index
from kbench.errors import KbenchError
from kbench.explain import events, trace
from kbench.explain.events import Event
from kbench.explain.explain import chains, chosen, joined, why_not
from kbench.explain.symbols import Symbols
from kbench.explain.trace import HALT, RDTSC, RDTSCP, Stamp
from kbench.lab.protocol import Counts

MAPS = "7f0000-7f1000 r-xp 00000000 00:02 1    /kbench/kbench/_native/exits.so\n"
SYMBOLS = Symbols({"kallsyms": "", "sections": "", "maps": MAPS}, lambda name: None)
BEGIN, END, GUEST = 0x7F0010, 0x7F0020, 0x8029


def counts(lengths: Sequence[int], **stages: Sequence[int]) -> Counts:
    def buckets(values: Sequence[int]) -> tuple[tuple[int, int], ...]:
        indices = sorted(map(bucket_index, values))
        return tuple((index, indices.count(index)) for index in dict.fromkeys(indices))

    return Counts(
        buckets=buckets(lengths), count=len(lengths), minimum=min(lengths), maximum=max(lengths),
        total=sum(lengths), counters={}, void="", guest_sha256="",
        stages={name: buckets(values) for name, values in stages.items()},
    )  # fmt: skip


def test_the_last_pairs_that_are_as_long_as_recorded() -> None:
    stamps, number = [], 0
    for length in (900, 101, 102, 101):  # the first one is a warm-up
        number += 50
        stamps.append(Stamp(number, BEGIN, RDTSC, False))
        number += length
        stamps.append(Stamp(number, END, RDTSCP, False))
    (figure,) = events.figures(stamps, counts([100, 101, 100]), SYMBOLS)
    assert [event.length for event in figure.events] == [101, 102, 101]
    assert figure.excess == 3
    assert list(events.figures(stamps, counts([90_000, 101, 100]), SYMBOLS)) == []


def wake_ups() -> list[Stamp]:
    """Two wake-ups: a loop that waits for its time, the guest's handler, the report."""
    stamps, number = [], 0
    for turns in (3, 1):
        for n in range(turns):
            number += 7
            stamps.append(Stamp(number, BEGIN + 4 * (n > 0), RDTSC, False))
        stamps.append(Stamp(number + 5000, GUEST, RDTSC, True))
        stamps.append(Stamp(number + 8000, END, RDTSCP, False))
        number += 100_000
    return stamps


def test_a_planned_time_is_no_stamp() -> None:
    """What comes before the first stamp is recorded: with it the sum is exact."""
    recorded = counts([8030, 8040], late=[30, 40], sleep=[6000] * 2)
    figures = next(chains(list(events.figures(wake_ups(), recorded, SYMBOLS)), ""))
    assert (events.stages(figures), figures[0].lead) == ((), "late")
    assert [event.length for event in joined(figures)] == [8000, 8000]
    wrong = counts([8130, 8040], late=[30, 40])
    assert next(chains(list(events.figures(wake_ups(), wrong, SYMBOLS)), ""), None) is None


def test_a_loop_that_waits_is_one_place_and_the_stages_are_a_chain() -> None:
    recorded = counts([11_000, 12_000], late=[3000, 4000], guest=[5000] * 2, ack=[3000] * 2)
    found = list(events.figures(wake_ups(), recorded, SYMBOLS))
    figures = next(chains(found, ""))
    assert events.stages(figures) == ("guest", "ack")
    assert [event.length for event in joined(figures)] == [8000, 8000]
    assert "has no stage" in why_not("wake.x", "nosuch", recorded, found, [])


def test_only_what_may_be_a_stamp_is_kept() -> None:
    halt, elsewhere = 0xFFFFFFFF81000000, 0x7F4010
    rows = [
        (1, BEGIN, RDTSC, 0), (2, elsewhere, RDTSC, 0), (3, GUEST, RDTSC, 1), (4, halt, HALT, 0),
        (5, END, RDTSCP, 0), (6, GUEST, HALT, 1), (7, 0, trace.END, 0),
    ]  # fmt: skip
    stamps = events.stamps(np.array(rows, trace.STAMP), SYMBOLS)
    assert [stamp.number for stamp in stamps] == [1, 3, 4, 5, 6]
    assert events.halts(stamps, [Event(1, 3), Event(3, 5)]) == 1
    assert events.halts(stamps, [Event(1, 3), Event(4, 6)]) == 0


def test_which_event() -> None:
    sizes = [5, 7, 6, 5, 9]
    assert [chosen(sizes, each) for each in ("min", "p50", "max", "2")] == [3, 2, 4, 1]
    for wrong in ("0", "6", "p51", ""):
        with pytest.raises(KbenchError, match="min, p50, max or 1 to 5"):
            chosen(sizes, wrong)


def test_bucket_bounds() -> None:
    for value in (0, 1, 1023, 2047, 2048, 2049, 5000, 263_628):
        low = events.lowest(bucket_index(value))
        assert low <= value and bucket_index(low) == bucket_index(value)
        assert low == 0 or bucket_index(low - 1) < bucket_index(low)
