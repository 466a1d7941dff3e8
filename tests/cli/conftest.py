# SPDX-License-Identifier: MIT
"""One suite that this machine has recorded, for every test that reads one."""

from pathlib import Path

import pytest
from support.cli import QUICK, measure


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two benchmarks with two runs each. Tests that use it are marked `kvm`."""
    path = tmp_path_factory.mktemp("recorded") / "a.json"
    measure("exit.pio_out", "floor.clock", *QUICK, "-p", 2, "-o", path).worked()
    return path
