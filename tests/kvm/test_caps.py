# SPDX-License-Identifier: MIT
"""Exit reasons by their own names."""

from kbench.kvm.caps import EXIT_REASONS, exit_name


def test_exit_names() -> None:
    assert exit_name(2) == "KVM_EXIT_IO (2)"
    assert exit_name(8) == "KVM_EXIT_SHUTDOWN (8)"
    assert exit_name(12345) == "exit reason 12345"


def test_fields_of_exits_are_no_reasons() -> None:
    """KVM_EXIT_IO_OUT and KVM_EXIT_HYPERV_HCALL share numbers with other exits."""
    assert EXIT_REASONS[0] == "KVM_EXIT_UNKNOWN"
    assert EXIT_REASONS[1] == "KVM_EXIT_EXCEPTION"
    assert EXIT_REASONS[3] == "KVM_EXIT_HYPERCALL"
