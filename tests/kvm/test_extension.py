# SPDX-License-Identifier: MIT
"""The variant of the modules that a skip proposes has what was missing."""

import pytest

from kbench._abi import lib
from kbench.catalogue.policies import POLICIES, Policy
from kbench.errors import Unavailable
from kbench.kmod.variants import variant
from kbench.kvm import extension

NEEDED = sorted({policy.needs for policy in POLICIES if policy.needs})


@pytest.mark.parametrize("name", [*NEEDED, "KVM_KBENCH_IDLE_FLAG", "KVM_KBENCH_VCPU_POLL"])
def test_the_proposed_variant_has_the_mechanism(name: str) -> None:
    assert variant(extension.variant(name)).bits & getattr(lib, name)


@pytest.mark.parametrize("policy", [policy for policy in POLICIES if policy.needs])
def test_it_has_the_exit_that_the_policy_asks_for(policy: Policy) -> None:
    bits = variant(extension.variant(*policy.mechanisms)).bits
    if policy.run and policy.run[0] == "KVM_RUN_KBENCH_EXITS":
        assert bits & (lib.KVM_KBENCH_USERSPACE_EXITS | lib.KVM_KBENCH_RFC_V1)


class Modules:
    """A KVM whose KVM_CAP_KBENCH answers `bits`."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def check_extension(self, name: str) -> int:
        return self.bits


@pytest.mark.parametrize("policy", [policy for policy in POLICIES if policy.needs])
def test_a_mechanism_alone_is_too_little_where_a_policy_takes_two(policy: Policy) -> None:
    """The missing one is named, and a variant that has both."""
    alone = Modules(getattr(lib, policy.needs))
    if len(policy.mechanisms) == 1:
        extension.require(alone, *policy.mechanisms)  # type: ignore[arg-type]  # a stand-in
        return
    with pytest.raises(Unavailable, match=r"lacks KVM_KBENCH_USERSPACE_EXITS: .* --kvm all$"):
        extension.require(alone, *policy.mechanisms)  # type: ignore[arg-type]  # a stand-in
