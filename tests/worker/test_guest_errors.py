# SPDX-License-Identifier: MIT
"""A guest that does not do its subject: ended within the limit, and named with its registers."""

import time

import pytest

from kbench._abi import lib
from kbench.catalogue import RoundTrip
from kbench.guests import Mode
from kbench.kvm import IoctlError
from kbench.worker import errors
from kbench.worker.measure import prepare
from kbench.worker.roundtrip.measurement import RoundTripMeasurement

pytestmark = pytest.mark.kvm
REGISTERS = r"at rip 0x[0-9a-f]+ \(rax=0x[0-9a-f]+ rbx=0x.* rsp=0x.* rflags=0x[0-9a-f]+\)$"


def failure(benchmark: RoundTrip, limit: float = 10.0) -> str:
    """The message with which this benchmark's first round trip fails."""
    with pytest.raises(errors.GuestError) as caught, prepare(benchmark, limit):
        pass
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


def row(guest: str, mode: Mode, expect: str = "KVM_EXIT_IO") -> RoundTrip:
    return RoundTrip(name=f"test.{guest}", title=guest, guest=guest, mode=mode, expect=expect)


def matches(message: str, start: str) -> None:
    assert message.startswith(start), message
    with pytest.raises(AssertionError, match=REGISTERS):
        raise AssertionError(message)


@pytest.mark.parametrize("mode", ["long", "real"])
class TestGuests:
    def test_spin_is_ended_within_the_limit(self, mode: Mode) -> None:
        start = time.monotonic()
        matches(failure(row("spin", mode), 0.5), "KVM_RUN did not come back within 0.5 s at rip")
        assert time.monotonic() - start < 10

    def test_invalid_opcode_is_named_by_its_vector(self, mode: Mode) -> None:
        message = failure(row("invalid", mode))
        matches(message, "expected KVM_EXIT_IO, got exception vector 6 in the guest")
        assert "at rip 0x8000)" in message

    def test_another_exit_names_both(self, mode: Mode) -> None:
        matches(
            failure(row("hlt", mode)), "expected KVM_EXIT_IO, got KVM_EXIT_HLT (5) at rip 0x8001"
        )
        matches(
            failure(row("pio_out", mode, "KVM_EXIT_MMIO")),
            "expected KVM_EXIT_MMIO, got KVM_EXIT_IO (2) on port 0x10 at rip",
        )
        matches(
            failure(row("mmio_write", mode)),
            "expected KVM_EXIT_IO, got KVM_EXIT_MMIO (6) at 0xd0000 at rip",
        )


def test_triple_fault() -> None:
    """In long mode: KVM's emulator of real mode ignores the limit of the IDT."""
    matches(
        failure(row("triple_fault", "long")),
        "expected KVM_EXIT_IO, got KVM_EXIT_SHUTDOWN (8) at rip",
    )


def test_an_exception_after_the_first_round_trip_is_named_too() -> None:
    """The guest waits in its stub for ever then: the exception is the cause, not the hang."""
    with prepare(row("pio_out", "long"), 0.3) as measurement:
        assert isinstance(measurement, RoundTripMeasurement)
        measurement._memory.write(lib.KB_ENTRY, b"\x0f\x0b\x0f\x0b")  # ud2; ud2
        for _ in range(2):
            with pytest.raises(errors.GuestError, match="got exception vector 6 in the guest"):
                measurement.run(10)


def test_a_failed_entry_names_its_errno(monkeypatch: pytest.MonkeyPatch) -> None:
    with prepare(row("pio_out", "long")) as measurement:
        monkeypatch.setattr(measurement, "_loop", lambda loops: (0, 14))
        with pytest.raises(errors.GuestError, match=r"KVM_RUN: Bad address \(EFAULT\) at rip 0x"):
            measurement.run(1)


def test_unreadable_registers_do_not_hide_the_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    with prepare(row("pio_out", "long")) as measurement:
        assert isinstance(measurement, RoundTripMeasurement)

        def refuse() -> None:
            raise IoctlError("KVM_GET_REGS", 5)

        monkeypatch.setattr(measurement._vcpu, "get_regs", refuse)
        text = errors.registers(measurement._vcpu)
        assert text == "(registers unreadable: Input/output error)"


def test_a_failed_guest_leaves_no_descriptor() -> None:
    from pathlib import Path

    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = descriptors()
    failure(row("triple_fault", "long"))
    assert descriptors() == before


def test_a_run_longer_than_the_limit_is_no_hang() -> None:
    """The watchdog's ticks end single entries, never the run."""
    with prepare(row("pio_out", "long"), limit=0.2) as measurement:
        end = time.monotonic() + 0.8
        count = 0
        while time.monotonic() < end:
            assert measurement.run(5000) > 0
            count += 5000
        assert measurement.histogram.count == count
        assert isinstance(measurement, RoundTripMeasurement)
