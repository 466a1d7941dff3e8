# SPDX-License-Identifier: MIT
"""A file is written whole or not at all."""

import os
from pathlib import Path

import pytest

from kbench.errors import KbenchError
from kbench.files import temporary_beside, write_atomically


def test_writes_with_the_usual_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    umask = os.umask(0o022)
    try:
        write_atomically(path, b"text")
    finally:
        os.umask(umask)
    assert path.read_bytes() == b"text"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_file_needs_force(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with pytest.raises(KbenchError, match="exists: choose another -o, or --force"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    write_atomically(path, b"new", force=True)
    assert path.read_bytes() == b"new"


def test_a_failure_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(KbenchError, match="No space left on device"):
        write_atomically(path, b"new", force=True)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(KbenchError, match=r"cannot write .*No such file or directory"):
        temporary_beside(tmp_path / "missing" / "a.txt")
