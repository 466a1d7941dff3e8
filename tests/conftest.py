# SPDX-License-Identifier: MIT
"""What tests of several rooms share. Those marked `kvm` are skipped, with the reason, where this
machine's KVM does not work; those marked `lab` share one ready lab, or skip with the reason.
"""

import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from kbench.errors import KbenchError
from kbench.kernels.errors import PackageUnavailable
from kbench.kvm import System
from kbench.lab import labs
from kbench.lab.errors import EmulatorUnavailable
from kbench.lab.labs import Lab
from kbench.programs import ProgramsMissing

# hypothesis's own deadline of 200 ms an example would assert an absolute time, and so does its
# check that inputs are made within some seconds.
settings.register_profile("kbench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
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


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The lab of the default kernel with the distribution's KVM."""
    try:
        return labs.prepare("6.1", labs.STOCK, print)
    except (EmulatorUnavailable, PackageUnavailable, ProgramsMissing) as error:
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
