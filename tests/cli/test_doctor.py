# SPDX-License-Identifier: MIT
"""`kbench doctor` names the backend and each disturbance, and never fails for either."""

import json

import pytest
from support.cli import kbench, without_kvm

from kbench.kvm.backend import detect
from kbench.kvm.caps import USES


@pytest.mark.kvm
def test_text() -> None:
    text = kbench("doctor").worked()
    assert text.startswith(f"backend  {detect()}")
    assert "target   auto is host" in text
    for name in USES:
        assert name in text
    assert text.count("why:") == text.count("    fix:")


@pytest.mark.kvm
def test_json() -> None:
    document = json.loads(kbench("doctor", "--format", "json").worked())
    assert document["version"] == 2
    assert document["backend"] == detect()
    assert document["host"] == {**document["host"], "available": True, "reason": ""}
    assert document["host"]["benchmarks"]["exit.pio_out"] == ""
    assert [capability["name"] for capability in document["capabilities"]] == list(USES)
    for check in document["checks"]:
        assert set(check) == {"name", "ok", "found", "why", "fix"}
        assert check["ok"] == (not check["fix"])


def test_no_kvm() -> None:
    text = kbench("doctor", prefix=without_kvm()).worked()
    assert "cannot be measured: /dev/kvm: No such file or directory (ENOENT)" in text
    assert "--target lab" in text
    assert "why:" in text
