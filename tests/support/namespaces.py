# SPDX-License-Identifier: MIT
"""Machines that are network namespaces of this one, each with a name and an address of its own."""

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

BRIDGE = "kbench-br"


def ip(*words: str, inside: str = "") -> None:
    """Run ip(8), in the namespace `inside` where one is named."""
    command = ["ip", *(("-n", inside) if inside else ()), *words]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{' '.join(command)}: {done.stderr.strip()}")


@contextmanager
def network(names: Sequence[str]) -> Iterator[Mapping[str, str]]:
    """Namespaces of these names, on one bridge in the first: their addresses.

    Skips the test, with the reason, where they cannot be made.
    """
    if os.geteuid() or not (shutil.which("ip") and shutil.which("unshare")):
        pytest.skip("needs root, ip (iproute2) and unshare (util-linux)")
    addresses = {name: f"10.213.0.{number}" for number, name in enumerate(names, 1)}
    with ExitStack() as stack:
        for name in names:
            remove = ["ip", "netns", "del", name]
            subprocess.run(remove, capture_output=True)  # of a test that was killed
            ip("netns", "add", name)
            stack.callback(subprocess.run, remove, check=False)
            ip("link", "set", "lo", "up", inside=name)
        first = names[0]
        ip("link", "add", BRIDGE, "type", "bridge", inside=first)
        ip("addr", "add", f"{addresses[first]}/24", "dev", BRIDGE, inside=first)
        ip("link", "set", BRIDGE, "up", inside=first)
        for name in names[1:]:
            pair = ("link", "add", "eth0", "netns", name, "type", "veth")
            ip(*pair, "peer", "name", f"to-{name}", "netns", first)
            ip("link", "set", f"to-{name}", "master", BRIDGE, "up", inside=first)
            ip("addr", "add", f"{addresses[name]}/24", "dev", "eth0", inside=name)
            ip("link", "set", "eth0", "up", inside=name)
        yield addresses


@contextmanager
def slow(pid: int) -> Iterator[None]:
    """Let the process run a quarter of the time: stopped and continued, until the block ends."""
    ended = threading.Event()

    def pulse() -> None:
        while not ended.wait(0.1):
            os.kill(pid, signal.SIGSTOP)
            ended.wait(0.3)
            os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=pulse)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def within(name: str, command: Sequence[str]) -> list[str]:
    """`command` on the machine `name`: in its namespace, with its host name."""
    script = 'hostname "$0" && exec "$@"'
    return ["ip", "netns", "exec", name, "unshare", "--uts", "sh", "-c", script, name, *command]


@contextmanager
def running(
    command: Sequence[str], log: Path, **environment: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """The process of `command`, which is killed at the end of the block."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def qemus(pid: int) -> list[int]:
    """The QEMU processes that `pid` has started."""
    children = Path(f"/proc/{pid}/task").glob("*/children")
    found = [int(word) for each in children for word in each.read_text().split()]
    return [each for each in found if "qemu" in Path(f"/proc/{each}/comm").read_text()]
