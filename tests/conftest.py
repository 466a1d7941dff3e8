# SPDX-License-Identifier: MIT
"""Tests marked `kvm` are skipped, with the reason, where this machine's KVM does not work."""

import pytest

from kbench.errors import KbenchError
from kbench.kvm import System


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    try:
        with System() as system, system.create_vm():
            return
    except KbenchError as error:
        skip = pytest.mark.skip(reason=str(error))
    for item in items:
        if item.get_closest_marker("kvm"):
            item.add_marker(skip)
