# SPDX-License-Identifier: MIT
"""Provenance is complete, and in values that pyperf can store."""

import errno
import platform
from pathlib import Path
from typing import Self

import pytest

from kbench.kvm import backend
from kbench.kvm.errors import IoctlError
from kbench.record import provenance

MACHINE = (
    "version backend hypervisor cpu_model kernel kvm_srcversion extension halt_poll_ns "
    "nx_huge_pages governor boost idle_driver smt isolcpus nohz_full mitigations thp "
    "clocksource tick_hz energy"
)
PROCESS = "affinity sched_policy timer_slack_ns load"


def keys(names: str) -> set[str]:
    return {f"kbench_{name}" for name in names.split()}


def test_complete_and_storable() -> None:
    assert set(provenance.machine()) == keys(MACHINE)
    assert set(provenance.process()) - {"kbench_cpu_quota"} == keys(PROCESS)
    for key, value in {**provenance.machine(), **provenance.process()}.items():
        assert isinstance(value, str | int | float), key
        assert str(value).strip() and str(value).isprintable(), key
    assert provenance.machine()["kbench_kernel"] == platform.release()


class FakeKvm:
    """A KVM whose KVM_CAP_KBENCH answers `bits`; with None there is none to open."""

    def __init__(self, bits: int | None) -> None:
        self.bits = bits

    def __call__(self) -> Self:
        if self.bits is None:
            raise IoctlError("open", errno.ENOENT)
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def check_extension(self, name: str) -> int:
        assert name == "KVM_CAP_KBENCH" and self.bits is not None
        return self.bits


@pytest.mark.parametrize(
    ("bits", "live", "expected"),
    [
        (0, False, "none"),
        (0x7FF, False, "modules 0x7ff"),
        (0x3, True, "live 0x3"),
        (0, True, "live 0x0"),
        (None, False, "none"),
    ],
)
def test_the_extension_is_detected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bits: int | None, live: bool, expected: str
) -> None:
    monkeypatch.setattr(provenance, "System", FakeKvm(bits))
    monkeypatch.setattr(provenance, "LIVE_MODULE", tmp_path if live else tmp_path / "missing")
    assert provenance.machine()["kbench_extension"] == expected


def test_what_is_missing_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CPU", "KVM_PARAMETERS"):
        monkeypatch.setattr(provenance, name, tmp_path / "missing")
    found = provenance.machine()
    absent = ("halt_poll_ns", "governor", "boost", "idle_driver", "smt", "isolcpus", "mitigations")
    for name in absent:
        assert found[f"kbench_{name}"] == "none"


@pytest.mark.parametrize(
    ("no_turbo", "boost", "expected"),
    [("0", None, "on"), ("1", None, "off"), (None, "1", "on"), (None, "0", "off")],
)
def test_boost(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    no_turbo: str | None,
    boost: str | None,
    expected: str,
) -> None:
    monkeypatch.setattr(provenance, "CPU", tmp_path)
    for name, text in (("intel_pstate/no_turbo", no_turbo), ("cpufreq/boost", boost)):
        if text is not None:
            (tmp_path / name).parent.mkdir()
            (tmp_path / name).write_text(f"{text}\n")
    assert provenance.boost() == expected


def test_mitigations_in_one_word_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "CPU", tmp_path)
    (tmp_path / "vulnerabilities").mkdir()
    for name, text in {
        "meltdown": "Not affected",
        "spectre_v1": "Mitigation: usercopy/swapgs barriers",
        "mds": "Vulnerable; SMT Host state unknown",
        "retbleed": "Unknown: Dependent on hypervisor status",
    }.items():
        (tmp_path / "vulnerabilities" / name).write_text(text + "\n")
    assert provenance.mitigations() == "mds=vulnerable retbleed=Unknown spectre_v1=mitigated"


def test_chosen() -> None:
    assert provenance.chosen("always [madvise] never") == "madvise"
    assert provenance.chosen("none") == "none"


@pytest.mark.parametrize(
    ("module", "flags", "expected"),
    [
        ("kvm_pvm", "hypervisor", "pvm"),
        ("kvm_intel", "vmx", "vmx"),
        ("kvm_amd", "svm", "svm"),
        ("kvm_amd", "svm hypervisor", "nested"),
        ("", "svm", "svm"),
        ("", "fpu", "unknown"),
        ("", "fpu hypervisor", "unknown"),
    ],
)
def test_backend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, flags: str, expected: str
) -> None:
    monkeypatch.setattr(backend, "SYS_MODULE", tmp_path)
    monkeypatch.setattr(backend, "CPUINFO", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(f"model name\t: Test CPU\nflags\t\t: {flags}\n")
    if module:
        (tmp_path / module).mkdir()
    assert backend.detect() == expected
    assert backend.cpu_model() == "Test CPU"
