# SPDX-License-Identifier: MIT
"""Names of rows that no table lists."""

import pytest

from kbench.catalogue import IdleWindow, catalogue, find, select
from kbench.catalogue.derive import derive, require_pcpus, spread
from kbench.catalogue.policies import POLICIES
from kbench.catalogue.selections import SELECTIONS
from kbench.errors import KbenchError


def test_every_listed_row_of_the_idle_families_can_be_derived() -> None:
    rows = [row for row in catalogue() if isinstance(row, IdleWindow) and row.policy]
    assert rows and all(derive(row.name) == row for row in rows)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("idle.tick300@hlt", "pattern", "tick300"),
        ("wake.irqfd@hlt-poll-20us", "policy", "hlt-poll-20us"),
        ("idle.poisson@hlt/4", "vcpus", 4),
        ("wake.irqfd_500us@hlt", "idle_us", 500),
        ("wake.store@mwait-monitor/8", "vcpus", 8),
        ("wake.store_beside_2m@mwait-monitor/2", "huge", True),
        ("hunt.ask_2busy@hlt/4", "busy", 2),
        ("work.batch@spin/2own-pcpu", "own_pcpu", True),
    ],
)
def test_a_name_with_parameters(name: str, field: str, value: object) -> None:
    row = find(name)
    assert row.name == name
    assert getattr(row, field) == value


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("idle.tick250@halt", "no policy 'halt': it is one of hlt, "),
        ("idle.tock@hlt", "no pattern 'tock': it is one of silent, "),
        ("idle.tick0@hlt", "1 to 10000 events"),
        ("wake.store@hlt", "no 'store' there, it is one of irqfd, "),
        ("wake.store_beside@spin", "no 'store_beside' there, it is one of irqfd, "),
        ("wake.irqfd_10us@hlt", "an idle period is 20 to 100,000 us, not 10"),
        ("hunt.flag_3busy@hlt/2", "3 of 2 vCPUs cannot be busy"),
        ("hunt.ask_2busy@hlt", "at least one vCPU must idle"),
        ("hunt.ask_4busy@hlt/4", "at least one vCPU must idle"),
        ("hunt.flag_1busy@mwait-nop", "busy vCPUs are those of a guest that halts"),
        ("hunt.flag_idle@hlt", "no 'flag_idle' there, it is one of kick, "),
        ("idle.tick250@hlt/0", "must be 1 to 14, not 0"),
        ("idle.tick250@hlt/99", "must be 1 to 14, not 99"),
        ("idle.pingpong@hlt/4", "fixed number of vCPUs"),
        ("wake.irqfd@hlt/2", "fixed number of vCPUs"),
    ],
)
def test_a_wrong_name_is_refused_with_the_valid_values(name: str, reason: str) -> None:
    with pytest.raises(KbenchError, match=reason):
        find(name)


def test_spread_over_numbers_of_vcpus() -> None:
    rows = spread(select(["idle.tick250@hlt", "floor.clock"]), "1,4", own_pcpu=False)
    assert [row.name for row in rows] == [
        "floor.clock",
        "idle.tick250@hlt/1",
        "idle.tick250@hlt/4",
    ]


@pytest.mark.parametrize("counts", ["", "two", "1,,2", "0", "-3"])
def test_a_wrong_number_of_vcpus_is_refused(counts: str) -> None:
    with pytest.raises(KbenchError):
        spread(select(["idle.tick250@hlt"]), counts, own_pcpu=False)


def test_vcpus_without_a_row_that_has_them_is_refused() -> None:
    with pytest.raises(KbenchError, match="hunt, idle, wake, work"):
        spread(select(["floor.clock"]), "2", own_pcpu=False)


@pytest.mark.parametrize(
    ("pcpus", "reason"),
    [(3, ""), (2, "need 3 pCPUs, and there are 2 to use: at most 1 can"), (1, "no vCPU can")],
)
def test_each_vcpu_and_the_waker_need_a_pcpu(pcpus: int, reason: str) -> None:
    rows = [find("idle.tick250@hlt/2own-pcpu"), find("idle.tick250@hlt/4"), find("exit.pio_out")]
    if not reason:
        require_pcpus(rows, pcpus)
        return
    with pytest.raises(KbenchError, match=reason):
        require_pcpus(rows, pcpus)


def test_a_family_of_idle_guests_comes_with_its_floor() -> None:
    names = [row.name for row in select(["hunt"])]
    assert "floor.thread_wake" in names and "hunt.kick@hlt" in names


@pytest.mark.parametrize("name", SELECTIONS)
def test_a_selection_names_rows(name: str) -> None:
    assert all(select([glob]) for glob in SELECTIONS[name])


def test_rfc_has_every_policy() -> None:
    rows = select(["rfc"])
    for family in ("wake", "idle", "work"):
        found = {row.policy for row in rows if isinstance(row, IdleWindow) and row.family == family}
        assert found == {row.name for row in POLICIES}
