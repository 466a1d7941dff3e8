# SPDX-License-Identifier: MIT
"""A window that KVM's own counters contradict is void."""

import pytest

from kbench.catalogue.policies import policy
from kbench.worker.crosscheck.counters import Account
from kbench.worker.crosscheck.delta import Spent

MS = 1_000_000


def account(**changed: object) -> Account:
    plain: dict[str, object] = {
        "wall": 0, "cpu": (0,), "beside": (), "work": 0, "sched": 0, "waited": 0,
        "switches": (0, 0), "kvm": {"exits": 0}, "steal": (0, 0), "energy": (),
    }  # fmt: skip
    return Account(**{**plain, **changed})  # type: ignore[arg-type]


def void(name: str, woken: int, polls: bool = True, **end: object) -> str:
    spent = Spent(account(), account(**{"wall": 100 * MS, **end}))
    return spent.void(policy(name), woken, polls)


@pytest.mark.parametrize(
    ("name", "kvm", "reason"),
    [
        ("hlt", {"halt_exits": 100}, ""),
        ("hlt", {"halt_exits": 10}, "KVM counted 10 HLT exits for 100 wake-ups"),
        ("hlt", {"halt_exits": 100, "halt_poll_fail_ns": 9}, "KVM polled for 9 ns"),
        ("hlt-poll-50us", {"halt_exits": 100, "halt_poll_success_ns": 9}, ""),
        ("hlt-poll-50us", {"halt_exits": 100}, "KVM did not poll"),
        ("mwait-nop", {"exits": 5000}, ""),
        ("mwait-nop", {"halt_exits": 1}, "KVM still takes HLT exits"),
        ("guest-haltpoll", {"halt_exits": 3}, ""),
    ],
)
def test_kvm_must_agree_with_the_policy(name: str, kvm: dict[str, int], reason: str) -> None:
    text = void(name, 100, kvm={"exits": 1, **kvm})
    assert reason in text and bool(text) == bool(reason)


def test_polling_is_not_asked_for_where_idle_periods_are_long() -> None:
    assert not void("hlt-poll-50us", 100, polls=False, kvm={"halt_exits": 100})


def test_without_stats_nothing_is_contradicted() -> None:
    assert not void("hlt", 100, kvm={})


def test_cpu_clock_and_schedstat_must_agree() -> None:
    text = void("spin", 0, cpu=(90 * MS,), sched=30 * MS)
    assert "schedstat" in text
    assert not void("spin", 0, cpu=(90 * MS,), sched=88 * MS)


def test_steal() -> None:
    assert "stolen" in void("spin", 0, steal=(0, 50))


def test_a_gauge_that_fell_is_no_count() -> None:
    spent = Spent(
        account(kvm={"blocking": 1, "exits": 2}), account(kvm={"blocking": 0, "exits": 5})
    )
    assert {name for name in spent.counters() if name.startswith("kvm_")} == {"kvm_exits"}
