# SPDX-License-Identifier: MIT
"""What probing found is kept, and forgotten as soon as something that decides it changes."""

from pathlib import Path

import pytest

from kbench.catalogue import Benchmark, find
from kbench.worker import probe, probe_cache
from kbench.worker.errors import HUNG, OTHER_COUNT

ROWS = (find("floor.clock"), find("exit.hlt"))


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An empty cache, and the names of the rows that are probed."""
    names: list[str] = []

    def obstacle(row: Benchmark) -> str:
        names.append(row.name)
        return {"exit.hlt": "no such thing"}.get(row.name, "")

    monkeypatch.setattr(probe_cache, "path", lambda: tmp_path / "kbench" / "probes.json")
    monkeypatch.setattr(probe, "obstacle", obstacle)
    return names


def test_the_second_listing_asks_nothing(asked: list[str]) -> None:
    expected = {"floor.clock": "", "exit.hlt": "no such thing"}
    assert probe.obstacles(ROWS) == probe.obstacles(ROWS) == expected
    assert sorted(asked) == sorted(expected)


def test_only_rows_that_are_new_are_asked(asked: list[str]) -> None:
    probe.obstacles(ROWS[:1])
    probe.obstacles(ROWS)
    assert asked == ["floor.clock", "exit.hlt"]


def test_another_boot_asks_again(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe.obstacles(ROWS)
    boot = tmp_path / "boot_id"
    boot.write_text("another\n")
    monkeypatch.setattr(probe_cache, "BOOT_ID", boot)
    probe.obstacles(ROWS)
    assert len(asked) == 4


def test_another_reason_for_no_kvm_asks_again(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each answer names the reason: "there is none" is no answer where one may not open it."""
    monkeypatch.setattr(probe_cache, "DEVICE", tmp_path / "none")
    probe.obstacles(ROWS)
    monkeypatch.setattr(probe_cache, "DEVICE", tmp_path)  # a directory cannot be opened for writing
    probe.obstacles(ROWS)
    assert len(asked) == 4


def test_a_hang_is_not_kept(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "obstacle", lambda row: "KVM_RUN did not come back within 0.2 s")
    assert "did not come back" in probe.obstacles(ROWS)["exit.hlt"]
    assert probe_cache.load() == {}


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"rows": {}}', b'{"key": 1}'])
def test_a_broken_file_is_no_answer(asked: list[str], content: bytes) -> None:
    probe_cache.path().parent.mkdir()
    probe_cache.path().write_bytes(content)
    assert probe_cache.load() == {}
    probe.obstacles(ROWS)
    assert len(probe_cache.load()) == 2


def test_a_cache_that_cannot_be_written_only_costs_time(asked: list[str], tmp_path: Path) -> None:
    (tmp_path / "kbench").write_text("in the way\n")
    assert probe.obstacles(ROWS)["floor.clock"] == ""
    assert probe.obstacles(ROWS)["floor.clock"] == ""
    assert len(asked) == 4


def test_what_a_busy_machine_says_is_asked_again_and_not_kept(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [f"not on this backend: {OTHER_COUNT} 4", "", f"{HUNG} 0.2 s", f"{HUNG} 0.2 s"]
    monkeypatch.setattr(probe, "obstacle", lambda row: answers.pop(0))
    assert probe.obstacles(ROWS[:1]) == {"floor.clock": ""}
    assert probe_cache.load() == {repr(ROWS[0]): ""}
    assert probe.obstacles(ROWS[1:]) == {"exit.hlt": f"{HUNG} 0.2 s"}
    assert probe_cache.load() == {repr(ROWS[0]): ""} and not answers
