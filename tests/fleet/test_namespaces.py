# SPDX-License-Identifier: MIT
"""A fleet of three network namespaces: one worker is killed, one slow, one of another version.

make test-fleet, as root. The machine with the scheduler and the client is the first namespace.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.cli import command, kbench, wait_for
from support.namespaces import network, qemus, running, slow, within

import kbench as package
from kbench.suite.load import load

pytestmark = [pytest.mark.test_fleet, pytest.mark.lab]
HEAD, NEAR, FAR = "kbench-head", "kbench-near", "kbench-far"
DASK = str(Path(sys.executable).with_name("dask"))
# What no two sessions have in common.
MOMENT = {"date", "duration"}
PATIENCE = 600.0
Process = subprocess.Popen[bytes]


@dataclass
class Namespaces:
    """The scheduler's address, where logs are, and what ends with the test."""

    address: str
    folder: Path
    stack: ExitStack

    def worker(self, machine: str, name: str, **environment: str) -> Process:
        """A worker that has registered."""
        log = self.folder / f"{name}.log"
        words = within(machine, command("worker", self.address, "--labs", "1"))
        process = self.stack.enter_context(running(words, log, **environment))
        wait_for(lambda: "Registered to" in log.read_text(), f"{name} registers", PATIENCE)
        return process

    def client(self, *words: object) -> Process:
        """`kbench WORDS... --cluster` on the scheduler's machine; its log is client.log."""
        line = within(HEAD, command(*words, "--cluster", self.address))
        return self.stack.enter_context(running(line, self.folder / "client.log"))

    @property
    def said(self) -> str:
        """What the client said."""
        return (self.folder / "client.log").read_text()

    def ended(self, client: Process, seconds: float = PATIENCE) -> int:
        """The client's exit code."""
        wait_for(lambda: client.poll() is not None, f"the client ends: {self.said}", seconds)
        return client.returncode


@pytest.fixture(scope="module")
def addresses() -> Iterator[Mapping[str, str]]:
    with network((HEAD, NEAR, FAR)) as found:
        yield found


@pytest.fixture
def machines(addresses: Mapping[str, str], tmp_path: Path) -> Iterator[Namespaces]:
    address = f"tcp://{addresses[HEAD]}:8786"
    with ExitStack() as stack:
        log = tmp_path / "scheduler.log"
        words = (DASK, "scheduler", "--host", addresses[HEAD], "--no-dashboard")
        stack.enter_context(running(within(HEAD, words), log))
        wait_for(lambda: "Scheduler at" in log.read_text(), "the scheduler listens", PATIENCE)
        yield Namespaces(address, tmp_path, stack)


def measured(path: Path) -> dict[str, list[dict[str, Any]]]:
    """By benchmark, everything of each run but its moment."""
    return {
        row.name: [
            {"values": run.values, **{k: v for k, v in run.metadata.items() if k not in MOMENT}}
            for run in row.runs
        ]
        for row in load(path)
    }


def other_version(folder: Path) -> str:
    """A directory with a kbench that says that it is 0.1.0."""
    place = folder / "old" / "kbench"
    shutil.copytree(Path(package.__file__).parent, place)
    init = place / "__init__.py"
    init.write_text(f"{init.read_text()}\n__version__ = '0.1.0'\n")
    return str(place.parent)


def test_one_is_killed_one_slow_one_another_version(machines: Namespaces, tmp_path: Path) -> None:
    """The suite is a single machine's, bit for bit, and every benchmark is in it once."""
    alone, fleet = tmp_path / "alone.json", tmp_path / "fleet.json"
    start = time.monotonic()
    kbench("run", "exit", "floor", "--target", "lab", "-o", alone, limit=PATIENCE).worked()
    single = time.monotonic() - start
    # The slow machine has nothing: it gets the kernel by content, and boots its own snapshot.
    empty = {"XDG_CACHE_HOME": str(tmp_path / "empty")}
    machines.worker(NEAR, "steady")
    drag = machines.worker(FAR, "slow", **empty)
    machines.stack.enter_context(slow(drag.pid))
    machines.worker(FAR, "old", PYTHONPATH=other_version(tmp_path), PYTHONSAFEPATH="")
    victim = machines.worker(NEAR, "victim")
    start = time.monotonic()
    client = machines.client("run", "exit", "floor", "-o", fleet)
    wait_for(lambda: "1/31" in machines.said and qemus(victim.pid), "the victim counts", PATIENCE)
    left = qemus(victim.pid)
    victim.kill()
    assert machines.ended(client) == 0, machines.said
    seconds = time.monotonic() - start
    print(f"31 benchmarks: one machine {single:.0f} s, the fleet {seconds:.0f} s")
    assert "kbench is 0.1.0 (" in machines.said and "there and 0." in machines.said
    assert f"on {FAR}" in machines.said and f"on {NEAR}" in machines.said
    assert "is not held against" not in machines.said
    assert measured(fleet) == measured(alone)
    assert (tmp_path / "empty/kbench/fleet").is_dir()
    assert not [pid for pid in left if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_client_that_ends_leaves_no_session(
    machines: Namespaces, tmp_path: Path, number: signal.Signals
) -> None:
    path = tmp_path / "part.json"
    worker = machines.worker(NEAR, "steady")
    client = machines.client("run", "wake", "-o", path)
    journal = path.with_name("part.json.journal")
    wait_for(lambda: journal.exists() and journal.stat().st_size, "a finished run", PATIENCE)
    wait_for(lambda: qemus(worker.pid), "a session that runs", PATIENCE)
    client.send_signal(number)
    machines.ended(client, 30)
    wait_for(lambda: not qemus(worker.pid), "the session ends with its client")
    time.sleep(1)  # no other one begins
    assert not qemus(worker.pid)
    if number == signal.SIGINT:
        assert client.returncode == 130 and "finished runs are in" in machines.said
        assert "Traceback" not in machines.said
    assert sum(len(row.runs) for row in load(path)) >= 1
    os.kill(worker.pid, 0)  # the worker goes on


@pytest.mark.kvm
def test_times_of_a_machine_that_is_lost(machines: Namespaces, tmp_path: Path) -> None:
    """A suite a machine; a lost one's benchmarks are missing by name, its finished runs stay."""
    machines.worker(FAR, "other")
    victim = machines.worker(NEAR, "victim")
    words = ("run", "exit.pio_out", "exit.hlt", "--target", "host", "--host", NEAR)
    client = machines.client(
        *words, "-p", "200", "-n", "1", "-w", "0", "-l", "2000", "-o", tmp_path / "t.json"
    )
    wait_for(lambda: "4/" in machines.said, "finished runs", PATIENCE)
    victim.kill()
    assert machines.ended(client) == 2
    for name in ("exit.pio_out", "exit.hlt"):
        assert f"{name} is missing: {NEAR} was lost" in machines.said
    assert "Traceback" not in machines.said
    assert sum(len(row.runs) for row in load(tmp_path / f"t-{NEAR}.json")) >= 3


@pytest.mark.kvm
def test_both_sides_are_on_one_machine(machines: Namespaces, tmp_path: Path) -> None:
    machines.worker(NEAR, "one")
    machines.worker(FAR, "two")
    words = ("gate", "--ab", "@", "@real", "exit.pio_out", "--max-time", "1", "--strict")
    client = machines.client(*words)
    assert machines.ended(client) == 2 and "--host, one of" in machines.said
    kept = tmp_path / "kept"
    client = machines.client(*words, "--host", FAR, "--keep", kept)
    assert machines.ended(client) == 3, machines.said
    hosts = {
        run.metadata["hostname"]
        for side in "ab"
        for row in load(tmp_path / f"kept-{side}.json")
        for run in row.runs
    }
    assert hosts == {FAR}


@contextmanager
def certificates(folder: Path) -> Iterator[dict[str, str]]:
    """The environment in which dask encrypts, with a certificate of the test's own."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    words = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    subprocess.run(
        [*words, "-subj", "/CN=kbench", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    prefix = "DASK_DISTRIBUTED__COMM__"
    found = {f"{prefix}TLS__CA_FILE": str(certificate), f"{prefix}REQUIRE_ENCRYPTION": "true"}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        found[f"{prefix}TLS__{role}__CERT"] = str(certificate)
        found[f"{prefix}TLS__{role}__KEY"] = str(key)
    yield found


def test_encrypted(addresses: Mapping[str, str], tmp_path: Path) -> None:
    """With dask's own configuration; without it the same address is refused in one line."""
    with certificates(tmp_path) as environment, ExitStack() as stack:
        address, log = f"tls://{addresses[HEAD]}:9786", tmp_path / "scheduler.log"
        words = (DASK, "scheduler", "--protocol", "tls", "--host", addresses[HEAD])
        listening = within(HEAD, [*words, "--port", "9786", "--no-dashboard"])
        stack.enter_context(running(listening, log, **environment))
        wait_for(lambda: "Scheduler at" in log.read_text(), "the scheduler listens", PATIENCE)
        Namespaces(address, tmp_path, stack).worker(NEAR, "steady", **environment)
        shown = within(HEAD, command("cluster", address))
        done = subprocess.run(
            shown, capture_output=True, text=True, env={**os.environ, **environment}
        )
        assert done.returncode == 0 and NEAR in done.stdout, done.stderr
        refused = subprocess.run(shown, capture_output=True, text=True)
        assert refused.returncode == 2 and "Traceback" not in refused.stderr, refused.stderr
        assert f"no scheduler at {address}" in refused.stderr
