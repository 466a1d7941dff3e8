# SPDX-License-Identifier: MIT
"""The few words of QMP that the lab speaks, over one end of a socket pair.

Not the package qemu.qmp: its asyncio machinery takes 0.1 s to import and an event
loop for each lab, for four commands on a socket that needs no address at all.
"""

import json
import socket
import time
from typing import Any


class QmpError(Exception):
    """QEMU refused a command; the message is its own."""


class QmpClosed(Exception):
    """QEMU closed the connection: it has ended, or is about to."""


class Qmp:
    """A connection; every read ends at `deadline` (time.monotonic()) with TimeoutError."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._socket = connection
        self._deadline = deadline
        self._buffer = b""
        self._events: list[str] = []
        self._read()  # the greeting
        self.command("qmp_capabilities")

    def command(self, name: str, fd: int | None = None, /, **arguments: object) -> Any:
        """Run a command (passing `fd` along) and return what it returns."""
        request = {"execute": name, "arguments": arguments}
        data = json.dumps(request).encode()
        try:
            socket.send_fds(self._socket, [data], [] if fd is None else [fd])
        except (BrokenPipeError, ConnectionResetError) as error:
            raise QmpClosed from error
        while True:
            answer = self._read()
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise QmpError(answer["error"]["desc"])

    def wait(self, event: str) -> None:
        """Return when `event` has happened since the connection was opened."""
        while event not in self._events:
            self._read()

    def poll(self, command: str, done: tuple[str, ...]) -> dict[str, Any]:
        """Repeat `command` until its `status` is one of `done`."""
        while True:
            answer: dict[str, Any] = self.command(command)
            if answer.get("status") in done:
                return answer
            if time.monotonic() > self._deadline:
                raise TimeoutError
            time.sleep(0.002)

    def _read(self) -> dict[str, Any]:
        """The next message; an event is noted and returned too."""
        while b"\n" not in self._buffer:
            self._socket.settimeout(max(0.001, self._deadline - time.monotonic()))
            try:
                data = self._socket.recv(65536)
            except ConnectionResetError as error:
                raise QmpClosed from error
            if not data:
                raise QmpClosed
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        message: dict[str, Any] = json.loads(line)
        if "event" in message:
            self._events.append(message["event"])
        return message
