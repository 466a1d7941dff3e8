# SPDX-License-Identifier: MIT
"""The table of used capabilities holds every capability that the package names."""

import re
from pathlib import Path

import kbench
from kbench.kvm.caps import CAPABILITIES, EXIT_REASONS, USES, exit_name


def test_uses_is_complete() -> None:
    sources = Path(kbench.__file__).parent.rglob("*.py")
    named = {
        name
        for source in sources
        for name in re.findall(r"KVM_CAP_[A-Z0-9]\w*", source.read_text())
    }
    assert set(USES) == named
    assert set(USES) <= set(CAPABILITIES)


def test_exit_names() -> None:
    assert exit_name(2) == "KVM_EXIT_IO (2)"
    assert exit_name(8) == "KVM_EXIT_SHUTDOWN (8)"
    assert exit_name(12345) == "exit reason 12345"


def test_fields_of_exits_are_no_reasons() -> None:
    """KVM_EXIT_IO_OUT and KVM_EXIT_HYPERV_HCALL share numbers with other exits."""
    assert EXIT_REASONS[0] == "KVM_EXIT_UNKNOWN"
    assert EXIT_REASONS[1] == "KVM_EXIT_EXCEPTION"
    assert EXIT_REASONS[3] == "KVM_EXIT_HYPERCALL"
