# SPDX-License-Identifier: MIT
"""A file is written whole or not at all."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kbench.errors import KbenchError
from kbench.files import locked, read_regular, temporary_beside, write_atomically


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


def test_the_umask_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A second thread that asked for it by setting it was told 0, and left the process with that.
    umask = os.umask(0o027)
    try:
        with monkeypatch.context() as patch:
            patch.delattr(os, "umask")
            write_atomically(tmp_path / "a.txt", b"text")
    finally:
        os.umask(umask)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


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


def test_mode_and_link_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "a.txt", tmp_path / "link.txt"
    path.touch(mode=0o600)
    link.symlink_to(path)
    write_atomically(link, b"new", force=True)
    assert link.is_symlink() and path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_pipe_is_written_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(KbenchError, match=r"cannot write .*No such device or address"):
        write_atomically(pipe, b"nobody reads", force=True)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(pipe, b"data", force=True)
    assert os.read(reader, 100) == b"data"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_device_is_never_replaced(tmp_path: Path) -> None:
    write_atomically(Path("/dev/null"), b"data", force=True)
    assert Path("/dev/null").is_char_device()
    with pytest.raises(KbenchError, match="No space left on device"):
        write_atomically(Path("/dev/full"), b"data", force=True)


def test_standard_output_takes_a_stream(tmp_path: Path) -> None:
    code = (
        "import pathlib, kbench.files as files\n"
        "print('before', flush=True)\n"
        "files.write_atomically(pathlib.Path('/dev/stdout'), b'data\\n', force=True)\n"
    )
    path = tmp_path / "out.txt"
    with path.open("wb") as file:
        subprocess.run([sys.executable, "-c", code], stdout=file, check=True)
    assert path.read_bytes() == b"before\ndata\n"


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(KbenchError, match=r"cannot write .*No such file or directory"):
        temporary_beside(tmp_path / "missing" / "a.txt")


def test_a_link_to_itself_leaves_nothing(tmp_path: Path) -> None:
    link = tmp_path / "loop"
    link.symlink_to("loop")
    with pytest.raises(KbenchError, match="Too many levels"):
        write_atomically(link, b"data", force=True)
    assert list(tmp_path.iterdir()) == [link]


def test_a_dash_is_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-").touch()  # no file of that name is in the way
    write_atomically(Path("-"), b"data")
    assert capsys.readouterr().out == "data" and (tmp_path / "-").stat().st_size == 0


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(KbenchError, match=r"not a regular file|Is a directory"):
            read_regular(path, 100)
    (tmp_path / "large").write_bytes(bytes(101))
    with pytest.raises(KbenchError, match="holds more than"):
        read_regular(tmp_path / "large", 100)
    assert read_regular(tmp_path / "large", 101) == bytes(101)


def test_a_lock_can_be_waited_for(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as one, (tmp_path / "a").open("wb") as other:
        assert locked(one.fileno()) and not locked(other.fileno())
        closing = threading.Timer(0.2, one.close)
        closing.start()
        assert locked(other.fileno(), wait=30)
        closing.join()
