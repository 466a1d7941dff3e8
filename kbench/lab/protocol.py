# SPDX-License-Identifier: MIT
"""What the host tells the agent and what comes back: one JSON object a line, validated."""

from dataclasses import dataclass, field
from typing import Any

from kbench.lab import errors
from kbench.lab.errors import LabError

ENTRY = "kbench.lab.inside.measure:main"


@dataclass(frozen=True)
class Job:
    """One benchmark. `run_seconds` bounds each KVM_RUN, `virtual_seconds` all of it (both
    of virtual time). A round trip of more than `stop_above` instructions ends it; 0 for none.
    `entry` is what does it; with `pauses` the machine pauses after it, for a snapshot, and takes
    another job. `modules` are KVM's to load before, in that order.
    """

    benchmark: str = ""
    samples: int = 0
    run_seconds: float = 0.0
    virtual_seconds: float = 0.0
    stop_above: float = 0.0
    modules: tuple[str, ...] = ()
    entry: str = ENTRY
    pauses: bool = False


@dataclass(frozen=True)
class Counts:
    """The round trips of one benchmark, in instructions.

    buckets: (index, count) of the HDR histogram of kbench._native.hdr, by index.
    minimum, maximum and total are exact. counters: KVM's statistics of the same time.
    void: why they must not be judged; "" when they may. warnings, figures, stages
    (as buckets are here), value and marks: as in a kbench.record.run.Recording.
    """

    buckets: tuple[tuple[int, int], ...]
    count: int
    minimum: int
    maximum: int
    total: int
    counters: dict[str, float]
    void: str
    guest_sha256: str
    warnings: tuple[str, ...] = ()
    figures: dict[str, float] = field(default_factory=dict)
    stages: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    value: float | None = None
    marks: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Message:
    """A line from the agent: counts, the reason of a skip or of a failure, facts."""

    counts: Counts | None = None
    skipped: str = ""
    failure: str = ""
    reason: str = ""
    facts: dict[str, str | int | float] = field(default_factory=dict)


def encode(job: Job) -> bytes:
    """The job as the agent reads it."""
    import msgspec

    return msgspec.json.encode(job)


def decode(data: bytes) -> list[Message]:
    """The agent's messages. Raises AgentFailed when a line is not one."""
    import msgspec

    try:
        return [msgspec.json.decode(line, type=Message) for line in data.splitlines()]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise errors.AgentFailed(
            f"the lab's agent sent something else than a message: {error}"
        ) from error


def failure(message: Message, console: str) -> LabError:
    """The named error of a message that reports a failure."""
    kinds: dict[str, Any] = {
        "module": errors.ModuleRefused,
        "alarm": errors.VirtualTimeout,
        "benchmark": errors.BenchmarkFailed,
    }
    kind = kinds.get(message.failure, errors.AgentFailed)
    error: LabError = kind(message.reason, console)
    return error
