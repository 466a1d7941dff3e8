# SPDX-License-Identifier: MIT
import json
from dataclasses import dataclass

import pytest

from kbench.errors import OUTPUT_LINES
from kbench.lab import errors, protocol
from kbench.lab.outcome import outcome

COUNTS = {
    "buckets": [[3021, 500]],
    "count": 500,
    "minimum": 3021,
    "maximum": 3021,
    "total": 1510500,
    "counters": {"kvm_exits": 500, "wall_s": 0.002},
    "figures": {},
    "warnings": [],
    "void": "",
    "guest_sha256": "ab",
}
FACTS = {"kbench_kernel": "6.1"}
PANIC = "Kernel panic - not syncing: sysrq triggered crash"
CRASH = "Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b"
OOPS = f"BUG: kernel NULL pointer dereference\nRIP: 0010:svm_vcpu_run+0x1\n{CRASH}"


@dataclass
class Ended:
    """A QEMU that has ended."""

    status: int = 1
    sent: bytes = b""
    printed: str = ""
    emulator: str = "QEMU"

    def wait(self) -> int:
        return self.status

    def results(self) -> bytes:
        return self.sent

    def console(self) -> str:
        return self.printed

    def log(self) -> str:
        return ""


def lines(*messages: object) -> bytes:
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


def test_job_is_plain_json() -> None:
    job = protocol.Job("exit.hlt", modules=("kvm", "kvm-amd"))
    decoded = json.loads(protocol.encode(job))
    assert decoded["benchmark"] == "exit.hlt"
    assert decoded["modules"] == ["kvm", "kvm-amd"]
    assert decoded["entry"].startswith("kbench.lab.inside.measure:")


def test_counts_and_facts_come_back() -> None:
    results = lines({"counts": COUNTS}, {"facts": {"kbench_kernel": "6.1"}})
    (message,), facts = outcome(Ended(sent=results))  # type: ignore[arg-type]  # a stand-in
    assert message.counts is not None
    assert message.counts.buckets == ((3021, 500),)
    assert message.counts.counters["wall_s"] == 0.002
    assert facts == {"kbench_kernel": "6.1"}


def test_skip_has_its_reason() -> None:
    results = lines({"skipped": "this KVM has no KVM_CAP_X"}, {"facts": FACTS})
    (message,), _ = outcome(Ended(sent=results))  # type: ignore[arg-type]  # a stand-in
    assert message.skipped == "this KVM has no KVM_CAP_X"


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        ("module", errors.ModuleRefused),
        ("alarm", errors.VirtualTimeout),
        ("benchmark", errors.BenchmarkFailed),
        ("agent", errors.AgentFailed),
    ],
)
def test_failures_have_names(failure: str, error: type[errors.LabError]) -> None:
    results = lines({"failure": failure, "reason": "because"})
    with pytest.raises(error, match="because") as raised:
        outcome(Ended(3, results, "last words\n"))  # type: ignore[arg-type]  # a stand-in
    assert raised.value.output == "last words"


@pytest.mark.parametrize(
    ("console", "error"),
    [
        (PANIC, errors.LabPanic),
        (f"{CRASH}\nRIP: 0033:0x7ffff797c219", errors.AgentFailed),
        (OOPS, errors.LabPanic),
    ],
)
def test_panic(console: str, error: type[errors.LabError]) -> None:
    with pytest.raises(error):
        outcome(Ended(0, lines({"counts": COUNTS}), console))  # type: ignore[arg-type]  # a stand-in


@pytest.mark.parametrize(
    "messages", [[], [{"counts": COUNTS}], [{"facts": FACTS}], [{"counts": COUNTS}, {"facts": {}}]]
)
def test_half_a_result_is_none(messages: list[object]) -> None:
    with pytest.raises(errors.AgentFailed, match="without a complete result"):
        outcome(Ended(sent=lines(*messages)))  # type: ignore[arg-type]  # a stand-in


@pytest.mark.parametrize(("status", "words"), [(-9, "by signal 9"), (127, "exit status 127")])
def test_qemu_that_dies_takes_its_results_with_it(status: int, words: str) -> None:
    """Also where it was killed in the middle of a line."""
    complete = lines({"counts": COUNTS}, {"facts": FACTS})
    for results in (complete, complete[:-9]):
        with pytest.raises(errors.EmulatorDied, match=words):
            outcome(Ended(status, results))  # type: ignore[arg-type]  # a stand-in


@pytest.mark.parametrize("data", [b"nonsense", b'{"counts": {"count": "many"}}', b"[1]"])
def test_other_lines_are_refused(data: bytes) -> None:
    with pytest.raises(errors.AgentFailed, match="something else than a message"):
        protocol.decode(data)


def test_error_shows_the_consoles_last_lines() -> None:
    console = "\n".join(f"line {number}" for number in range(100))
    text = str(errors.LabPanic("it panicked", console))
    assert text.startswith("it panicked\n")
    assert text.endswith("line 99")
    assert len(text.splitlines()) == 1 + OUTPUT_LINES


def test_error_begins_where_the_kernel_died() -> None:
    after = "\n".join(f"frame {number}" for number in range(100))
    error = errors.LabPanic("it panicked", f"booting\n{OOPS}\n{after}")
    assert error.output.startswith("BUG: kernel NULL pointer dereference\nRIP: 0010")
