# SPDX-License-Identifier: MIT
"""Runs of the host target on a fleet's machine, with a worker process that is pretended."""

import threading
from collections.abc import Callable
from contextlib import nullcontext

import pytest
from support.cli import wait_for

from kbench.errors import KbenchError, Unavailable
from kbench.fleet import host
from kbench.fleet.fleet import Fleet
from kbench.fleet.host import FleetHost, hosts
from kbench.targets import spawn
from kbench.targets.options import RunOptions
from kbench.targets.running import Running
from kbench.targets.spawn import WorkerDied

Pretend = Callable[..., bytes]


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Callable[[Pretend], None]:
    """Take `worker` for spawn.worker() on every machine, whatever measures on this one."""
    monkeypatch.setattr("kbench.fleet.tasks.machine_lock", lambda wait: nullcontext())
    return lambda worker: monkeypatch.setattr(spawn, "worker", worker)


def the_host(fleet: Fleet) -> FleetHost:
    (found,) = hosts(fleet, None)
    return found


def test_a_run(address: str, pretend: Callable[[Pretend], None]) -> None:
    def worker(name: str, options: RunOptions, *, loops: int, running: Running) -> bytes:
        return f"{name} {options.values} {loops}".encode()

    pretend(worker)
    with Fleet(address, print) as fleet:
        here = the_host(fleet)
        with here.lock():
            assert here.worker("exit.hlt", RunOptions(values=7), loops=9) == b"exit.hlt 7 9"


def test_a_skip_is_a_skip(address: str, pretend: Callable[[Pretend], None]) -> None:
    def worker(name: str, options: RunOptions, **rest: object) -> bytes:
        raise Unavailable("this KVM lacks it")

    pretend(worker)
    with Fleet(address, print) as fleet, pytest.raises(Unavailable, match="this KVM lacks it"):
        the_host(fleet).worker("exit.hlt", RunOptions(), loops=1)


def test_stopping_ends_the_run(
    address: str, pretend: Callable[[Pretend], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, killed = threading.Event(), threading.Event()

    class Process:
        def kill(self) -> None:
            killed.set()

    def worker(name: str, options: RunOptions, *, loops: int, running: Running) -> bytes:
        with running.one(Process()):
            begun.set()
            assert killed.wait(30)
        raise WorkerDied("killed")

    pretend(worker)
    monkeypatch.setattr(host, "PROBE_SECONDS", 0.1)
    with Fleet(address, print) as fleet:
        here = the_host(fleet)

        def stop() -> None:
            assert begun.wait(30)
            here.stop()

        threading.Thread(target=stop).start()
        with pytest.raises(KeyboardInterrupt):
            here.worker("exit.hlt", RunOptions(), loops=1)
        wait_for(killed.is_set, "the run is killed")


def test_a_lost_machine_is_missing(
    address: str, pretend: Callable[[Pretend], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    def worker(name: str, options: RunOptions, **rest: object) -> bytes:
        assert ended.wait(30)
        return b""

    pretend(worker)
    monkeypatch.setattr(host, "PROBE_SECONDS", 0.1)
    with Fleet(address, print) as fleet:
        here = the_host(fleet)
        monkeypatch.setattr(fleet, "members", list)
        for name in ("exit.hlt", "exit.pio_out"):
            with pytest.raises(WorkerDied, match=f"{name} is missing: .* was lost"):
                here.worker(name, RunOptions(), loops=1)
        ended.set()


def test_one_session_at_a_time(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "LEASE_SECONDS", 0.1)
    with (
        Fleet(address, print) as fleet,
        the_host(fleet).lock(),
        pytest.raises(KbenchError, match="another session measures on"),
        the_host(fleet).lock(),
    ):
        pass


def test_a_path_is_refused(address: str) -> None:
    with Fleet(address, print) as fleet, pytest.raises(KbenchError, match="is a path of this"):
        the_host(fleet).worker("exit.hlt", RunOptions(python="/venv/bin/python"), loops=1)


def test_a_machine_that_there_is_not(address: str) -> None:
    with Fleet(address, print) as fleet, pytest.raises(KbenchError, match="no machine nowhere in"):
        hosts(fleet, "nowhere")
