# SPDX-License-Identifier: MIT
"""The suites of the lab, by kernel and variant."""

from kbench.answers.rfc.lab import MECHANISMS
from kbench.kmod.variants import mechanisms


def test_the_mechanisms_are_those_of_the_extension() -> None:
    """M1 to M9; the RFC as posted is a variant of its own."""
    own = [each.name for each in mechanisms() if each.label.startswith("M")]
    assert own == list(MECHANISMS)
