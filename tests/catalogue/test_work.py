# SPDX-License-Identifier: MIT
"""The slice and the cgroups are dimensions of `work`: rows of the table, or names typed."""

import pytest

from kbench.catalogue import IdleWindow, catalogue, find
from kbench.catalogue.work import described
from kbench.errors import KbenchError


def row(name: str) -> IdleWindow:
    found = find(name)
    assert isinstance(found, IdleWindow)
    return found


def test_the_table_has_the_curve_of_slices() -> None:
    names = {each.name for each in catalogue()}
    for slice_ in ("1", "2", "4", "100us"):
        assert f"work.batch_slice{slice_}@mwait-exit" in names
        assert row(f"work.batch_slice{slice_}@mwait-exit").slice == slice_
    assert row("work.batch@mwait-exit").slice == "8"
    assert row("work.batch@mwait-nop").slice == row("work.batch@hlt-exit-poll").slice == ""


def test_slices_and_cgroups_combine_and_need_not_be_in_the_table() -> None:
    both = row("work.competitor_slice16_cgroups@mwait-exit")
    assert (both.method, both.slice, both.own_cgroups) == ("competitor", "16", True)
    assert "in slices of 16 items, each thread in a cgroup of its own" in both.title
    assert row("work.urgent_slice50us@hlt-exit").slice == "50us"
    assert row("work.batch_cgroups@mwait-nop").own_cgroups


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("work.batch_slice4@mwait-nop", "only these work in slices: hlt-exit, mwait-exit"),
        ("work.batch_slice0@mwait-exit", "at least 1 item or 1 us"),
        ("work.batch_cgroups@mwait-exit", "one thread does it all"),
        ("work.batch_slices@mwait-exit", "no 'batch_slices' there"),
        ("work.bath_slice1@mwait-exit", "no 'bath' there"),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, reason: str) -> None:
    with pytest.raises(KbenchError, match=reason):
        find(name)


def test_a_slice_in_words() -> None:
    assert [described(each) for each in ("1", "4", "100us")] == ["1 item", "4 items", "100 us"]
