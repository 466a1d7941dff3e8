# SPDX-License-Identifier: MIT
"""Tests marked `lab` share one ready lab; where none can be had, they skip with the reason."""

from pathlib import Path

import pytest

from kbench.kernels.errors import PackageUnavailable
from kbench.lab import labs
from kbench.lab.errors import QemuUnavailable
from kbench.lab.labs import Lab


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The lab of the default kernel with the distribution's KVM."""
    try:
        return labs.prepare("6.1", labs.STOCK, print)
    except (QemuUnavailable, PackageUnavailable) as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def extended(lab: Lab) -> Lab:
    """The same with the whole extension."""
    return labs.prepare("6.1", "all", print)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "kbench"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is all of PATH: what a test does not put there is not installed."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return directory
