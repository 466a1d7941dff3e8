# SPDX-License-Identifier: MIT
"""How a lab ended: a complete result, or the error that its end tells of."""

from kbench.lab import protocol
from kbench.lab.errors import AgentFailed, EmulatorDied, LabError, LabPanic
from kbench.lab.vm import common
from kbench.lab.vm.process import LabProcess
from kbench.record.recording import Metadata


def outcome(process: LabProcess) -> tuple[list[protocol.Message], Metadata]:
    """Wait for the lab's end and return the runs, or the skip, and the facts that it sent.

    Raises as received() does, and AgentFailed when the facts are missing: half a result is none.
    """
    facts: Metadata = {}
    measured: list[protocol.Message] = []
    for message in received(process):
        if message.counts is not None or message.skipped:
            measured.append(message)
        facts = message.facts or facts
    if not (measured and facts):
        raise AgentFailed("the lab ended without a complete result", process.console())
    return measured, facts


def received(process: LabProcess) -> list[protocol.Message]:
    """Wait for the lab's end and return the messages that it sent.

    Raises the LabError that a message, the console or the emulator's exit status tells of.
    """
    status, console = process.wait(), process.console()
    if status == common.RESET:
        raise _panic(console)
    if status not in (common.DONE, common.FAILED):
        how = f"by signal {-status}" if status < 0 else f"with exit status {status}"
        died = f"{process.emulator} ended {how} before the benchmark did"
        raise EmulatorDied(died, process.log())
    messages = protocol.decode(process.results())
    for message in messages:
        if message.failure:
            raise protocol.failure(message, console)
    return messages


def _panic(console: str) -> LabError:
    """The error of a kernel that reset the machine.

    The agent is the first process: when it crashes, the kernel panics through no fault of its own.
    """
    if "Attempted to kill init" in console and "RIP: 0010" not in console:
        return AgentFailed("the agent inside the lab crashed", console)
    return LabPanic("the kernel inside the lab panicked", console)
