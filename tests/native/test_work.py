# SPDX-License-Identifier: MIT
"""The VMM's work queue."""

import pytest

from kbench._native.work import WorkQueue


def test_a_capacity_must_be_a_size() -> None:
    with pytest.raises(OverflowError):
        WorkQueue(-1, 1)
