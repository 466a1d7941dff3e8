# SPDX-License-Identifier: MIT
"""The variant of the modules that a skip proposes has what was missing."""

import pytest

from kbench._abi import lib
from kbench.catalogue.policies import POLICIES
from kbench.kmod.variants import variant
from kbench.kvm import extension

NEEDED = sorted({policy.needs for policy in POLICIES if policy.needs})


@pytest.mark.parametrize("name", [*NEEDED, "KVM_KBENCH_IDLE_FLAG", "KVM_KBENCH_VCPU_POLL"])
def test_the_proposed_variant_has_the_mechanism(name: str) -> None:
    assert variant(extension.variant(name)).bits & getattr(lib, name)


@pytest.mark.parametrize("policy", [policy for policy in POLICIES if policy.needs])
def test_it_has_the_exit_that_the_policy_asks_for(policy: object) -> None:
    run, needs = getattr(policy, "run", None), getattr(policy, "needs", "")
    bits = variant(extension.variant(needs)).bits
    if run and run[0] == "KVM_RUN_KBENCH_EXITS":
        assert bits & (lib.KVM_KBENCH_USERSPACE_EXITS | lib.KVM_KBENCH_RFC_V1)
