# SPDX-License-Identifier: MIT
"""Tests marked `kvm` are skipped, with the reason, where this machine's KVM does not work."""

import signal

import pytest
from hypothesis import settings

from kbench.errors import KbenchError
from kbench.kvm import System

# hypothesis's own deadline of 200 ms an example would assert an absolute time.
settings.register_profile("kbench", deadline=None)
settings.load_profile("kbench")


def pytest_configure() -> None:
    # A shell's background job inherits an ignored SIGINT, and so would every kbench here.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    try:
        with System() as system, system.create_vm():
            return
    except KbenchError as error:
        skip = pytest.mark.skip(reason=str(error))
    for item in items:
        if item.get_closest_marker("kvm"):
            item.add_marker(skip)
