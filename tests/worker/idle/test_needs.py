# SPDX-License-Identifier: MIT
"""A skip names all that a row takes of the extension: what it proposes works at once."""

from collections.abc import Sequence
from typing import Never

import pytest

from kbench._abi import lib
from kbench.catalogue import IdleWindow, find
from kbench.catalogue.policies import Policy, policy
from kbench.errors import Unavailable
from kbench.worker.idle import hunt
from kbench.worker.vm import idle_vm

FLAG = "KVM_KBENCH_IDLE_FLAG"


class Modules:
    """A KVM with all capabilities, and of the extension with one mechanism."""

    def check_extension(self, name: str) -> int:
        return int(lib.KVM_KBENCH_IDLE_FLAG) if name == "KVM_CAP_KBENCH" else 1


def test_the_policy_s_and_the_row_s_together() -> None:
    with pytest.raises(Unavailable, match=r"lacks KVM_KBENCH_USERSPACE_EXITS: .* --kvm all$"):
        idle_vm.require(Modules(), policy("hlt-exit"), (FLAG,))  # type: ignore[arg-type]  # a stand-in


def test_a_hunt_says_what_it_needs_before_a_vm_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def build(row: Policy, vcpus: int, *, needs: Sequence[str] = ()) -> Never:
        seen.append((row.name, needs))
        raise Unavailable("no VM here")

    monkeypatch.setattr(idle_vm, "build", build)
    row = find("hunt.flag@hlt-exit")
    assert isinstance(row, IdleWindow)
    with pytest.raises(Unavailable), hunt.prepare(row):
        pass
    assert seen == [("hlt-exit", (FLAG,))]
