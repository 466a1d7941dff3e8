# SPDX-License-Identifier: MIT
"""What the machine can measure, with and without a KVM."""

import pytest

from kbench.catalogue import catalogue
from kbench.doctor import capabilities
from kbench.errors import KbenchError
from kbench.kvm import IoctlError
from kbench.kvm.caps import USES
from kbench.session.choose import Choice


@pytest.mark.kvm
def test_with_kvm() -> None:
    found = capabilities.abilities()
    assert found.host_reason == ""
    assert found.auto == "host"
    assert [capability.name for capability in found.capabilities] == list(USES)
    assert set(found.obstacles) == {row.name for row in catalogue()}
    assert found.runnable == sum(not reason for reason in found.obstacles.values())


def test_without_kvm(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise IoctlError("open", 2)

    monkeypatch.setattr(capabilities, "System", absent)
    found = capabilities.abilities()
    assert "there is no /dev/kvm" in found.host_reason
    assert (found.capabilities, found.obstacles, found.runnable) == ((), {}, 0)


def test_no_target_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(choice: Choice) -> None:
        raise KbenchError(f"nothing for {choice.target}")

    monkeypatch.setattr(capabilities, "choose", refuse)
    found = capabilities.abilities()
    assert (found.auto, found.auto_reason) == ("", "nothing for auto")
