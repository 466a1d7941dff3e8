# SPDX-License-Identifier: MIT
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kbench.lab.vm.qemu.qmp import Qmp, QmpClosed, QmpError

Answer = Callable[[dict[str, Any]], list[dict[str, Any]]]


@contextmanager
def talking_to(answer: Answer, seconds: float = 10.0) -> Iterator[Qmp]:
    """A Qmp whose QEMU is a thread that answers each request with `answer`'s messages."""
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with theirs, theirs.makefile("rwb") as stream:
            stream.write(b'{"QMP": {}}\n')
            stream.flush()
            while True:
                line = b""
                while not line.endswith(b"}}"):
                    byte = stream.read(1)
                    if not byte:
                        return
                    line += byte
                request = json.loads(line)
                replies: list[dict[str, Any]] = [{"return": {}}]
                if request["execute"] != "qmp_capabilities":
                    replies = answer(request)
                if not replies:
                    return
                for reply in replies:
                    stream.write(json.dumps(reply).encode() + b"\r\n")
                stream.flush()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with ours:
            yield Qmp(ours, time.monotonic() + seconds)
            ours.shutdown(socket.SHUT_RDWR)
    finally:
        ours.close()
        thread.join(10)


def test_command_returns_what_qemu_returns() -> None:
    with talking_to(lambda request: [{"return": request["arguments"]}]) as qmp:
        assert qmp.command("migrate", uri="fd:state") == {"uri": "fd:state"}


def test_events_before_the_answer_are_kept() -> None:
    with talking_to(lambda request: [{"event": "STOP"}, {"return": {}}]) as qmp:
        qmp.command("stop")
        qmp.wait("STOP")


def test_error_has_qemus_words() -> None:
    with (
        talking_to(lambda request: [{"error": {"desc": "no such thing"}}]) as qmp,
        pytest.raises(QmpError, match="no such thing"),
    ):
        qmp.command("nonsense")


def test_poll_ends_with_the_status() -> None:
    states = iter(["active", "active", "completed"])
    with talking_to(lambda request: [{"return": {"status": next(states)}}]) as qmp:
        assert qmp.poll("query-migrate", ("completed",)) == {"status": "completed"}


def test_qemu_that_goes_is_noticed() -> None:
    with talking_to(lambda request: []) as qmp, pytest.raises(QmpClosed):
        qmp.command("quit")


def test_wait_has_an_end() -> None:
    with talking_to(lambda request: [{"return": {}}], 0.2) as qmp, pytest.raises(TimeoutError):
        qmp.wait("NEVER")


def test_descriptor_travels_with_the_command() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b'{"QMP": {}}\n{"return": {}}\n{"return": {}}\n')
        qmp = Qmp(ours, time.monotonic() + 10)
        theirs.recv(4096)
        read, write = os.pipe()
        try:
            qmp.command("getfd", write, fdname="state")
            _, (received, *_), _, _ = socket.recv_fds(theirs, 4096, 1)
            os.write(received, b"x")
            os.close(received)
            assert os.read(read, 1) == b"x"
        finally:
            os.close(read)
            os.close(write)
