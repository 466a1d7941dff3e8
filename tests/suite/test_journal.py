# SPDX-License-Identifier: MIT
"""The journal of a suite: one holder, lines whole or not at all, nothing but files replaced."""

import os
from pathlib import Path

import pytest

from kbench.errors import KbenchError
from kbench.suite.journal import Journal, beside


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with Journal(path):
        with pytest.raises(KbenchError, match=r"another kbench is writing .*a\.json: --wait"):
            Journal(path)
        with Journal(tmp_path / "b.json"):
            pass
    with Journal(path):
        pass


def test_a_link_and_its_file_have_one_journal(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to("a.json")
    assert beside(tmp_path / "link.json") == tmp_path / "a.json.journal"
    with Journal(tmp_path / "link.json") as journal:
        journal.complete(b"{}")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "a.json").read_bytes() == b"{}"


def test_lines_are_added_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up in the middle of a line: the line is taken back."""
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) < 4:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[: len(data) // 2])

    with Journal(tmp_path / "a.json") as journal:
        journal.append(b"one", b"two")
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(KbenchError, match=r"cannot write .*No space left on device"):
                journal.append(b"three")
        journal.append(b"four")
        assert journal.path.read_bytes() == b"one\ntwo\nfour\n"


def test_a_suite_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.touch(mode=0o640)
    with Journal(path) as journal:
        journal.complete(b"{}")
        journal.remove()
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(KbenchError, match=r"cannot write .*No such file or directory"):
        Journal(tmp_path / "missing" / "a.json")
