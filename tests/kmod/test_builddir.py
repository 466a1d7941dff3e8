# SPDX-License-Identifier: MIT
"""The kept build directory: what a new build changes in it."""

import subprocess
from pathlib import Path

import pytest
from support.kernels import FakeKernel

from kbench.kernels import cache
from kbench.kernels.errors import CacheBusy
from kbench.kmod import builddir

TREE = FakeKernel().tree(print)


def write(top: Path, **files: str) -> Path:
    for name, text in files.items():
        path = top / f"{name}.c"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return top


def test_equal_files_stay_untouched(tmp_path: Path) -> None:
    place = write(tmp_path / "place", same="1", other="1", gone="1")
    (place / "gone.o").touch()
    before = (place / "same.c").stat().st_mtime_ns
    builddir.refresh(place, write(tmp_path / "sources", same="1", other="2", new="3"))
    assert (place / "same.c").stat().st_mtime_ns == before
    assert {path.name: path.read_text() for path in place.glob("*.c")} == {
        "same.c": "1",
        "other.c": "2",
        "new.c": "3",
    }
    assert (place / "gone.o").exists()


def test_directory_is_the_same_for_every_build(root: Path) -> None:
    with builddir.directory(TREE) as first:
        (first.path / "x.o").touch()
    with builddir.directory(TREE) as second:
        assert second.path == first.path
        assert (second.path / "x.o").exists()


def test_killed_build_leaves_nothing(root: Path) -> None:
    with builddir.directory(TREE) as place:
        (place.path / "kernel").mkdir()
        (place.path / "kernel/half.o").touch()
        (place.path / "half.o").touch()
    (place.path / builddir.BUILDING).touch()
    with builddir.directory(TREE) as place:
        assert [path.name for path in place.path.iterdir()] == [builddir.BUILDING]


def test_orphans_of_a_killed_build_are_waited_for(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compiler that outlived a killed kbench has inherited the directory's lock."""
    monkeypatch.setattr(cache, "ORPHAN_SECONDS", 0.2)
    with builddir.directory(TREE) as place:
        orphan = subprocess.Popen(["sleep", "60"], pass_fds=[place.lock])
    try:
        with (
            pytest.raises(CacheBusy, match="processes of a killed build"),
            builddir.directory(TREE),
        ):
            pass
    finally:
        orphan.kill()
        orphan.wait(10)
    with builddir.directory(TREE):
        pass
