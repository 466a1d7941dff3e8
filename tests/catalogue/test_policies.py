# SPDX-License-Identifier: MIT
"""The table of policies: complete, consistent with the extension's ABI, and strict about names."""

import pytest

from kbench._abi import lib
from kbench.catalogue.policies import POLICIES, Policy, policy
from kbench.errors import KbenchError
from kbench.guests import load


@pytest.mark.parametrize("row", POLICIES, ids=lambda row: row.name)
def test_row_names_what_exists(row: Policy) -> None:
    assert load(f"idle_{row.guest}").data
    named = [*row.native, *([row.needs] if row.needs else []), *(row.run or ())]
    assert all(hasattr(lib, name) for name in named), named
    assert bool(row.run) == bool(row.needs) >= bool(row.switched)
    assert row.waits == "enter" or row.in_userspace


def test_every_name_is_found_and_is_its_own() -> None:
    assert [policy(row.name) for row in POLICIES] == list(POLICIES)
    assert len({row.name for row in POLICIES}) == len(POLICIES)


def test_a_policy_with_another_time() -> None:
    assert policy("hlt-poll-20us").poll_ns == 20_000
    assert policy("guest-haltpoll-7us").spin_ns == 7_000


@pytest.mark.parametrize("name", ["hlt-poll-0us", "hlt-poll--5us", "guest-haltpoll-9999999us"])
def test_a_time_out_of_range_is_refused_with_the_range(name: str) -> None:
    with pytest.raises(KbenchError, match=r"1 to 1000000 us"):
        policy(name)


@pytest.mark.parametrize("name", ["", "halt", "hlt-poll-fast", "mwait-nop-20us"])
def test_an_unknown_policy_is_refused_with_the_valid_ones(name: str) -> None:
    with pytest.raises(KbenchError, match=r"mwait-nop, .*hlt-poll-Nus"):
        policy(name)


def test_what_leaves_kvm_run() -> None:
    leaves = {row.name for row in POLICIES if row.in_userspace}
    assert leaves == {
        "hlt-user", "hlt-exit", "hlt-exit-poll", "hlt-exit-eventfd", "hlt-exit-mp-state",
        "mwait-exit", "pause-exit", "hlt-exit-rfc", "mwait-exit-rfc",
    }  # fmt: skip
