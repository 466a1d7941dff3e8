# SPDX-License-Identifier: MIT
"""Threads of one process in a cgroup each, which are gone afterwards; else a skip that says why."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kbench.errors import Unavailable
from kbench.worker import cgroups
from kbench.worker.threads import Scheduling


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the files of a delegated cgroup."""
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu memory\n")
    (tmp_path / "cgroup.subtree_control").write_text("\n")
    monkeypatch.setattr(cgroups, "own_cgroup", lambda: tmp_path)
    return tmp_path


@contextmanager
def emptied(path: Path) -> Iterator[None]:
    """What the kernel does at rmdir(2): the files of a cgroup go with it."""
    yield
    for each in path.glob("kbench-*/*"):
        each.unlink()


def test_a_thread_is_put_into_its_cgroup(top: Path) -> None:
    with cgroups.cgroups(["vcpu", "work"]) as found, emptied(top):
        assert (top / "cgroup.subtree_control").read_text() == "+cpu"
        assert all(
            (each.parent / "cgroup.type").read_text() == "threaded" for each in found.values()
        )
        thread = threading.Thread(
            target=Scheduling(frozenset(os.sched_getaffinity(0)), cgroup=found["work"]).take
        )
        thread.start()
        tid = thread.native_id
        thread.join()
        assert found["work"].read_text() == str(tid)
    assert (top / "cgroup.subtree_control").read_text() == "-cpu"
    assert not list(top.glob("kbench-*"))


def test_without_the_cpu_controller_it_is_a_skip(top: Path) -> None:
    (top / "cgroup.controllers").write_text("memory\n")
    with (
        pytest.raises(Unavailable, match="no cpu controller: run it as root"),
        cgroups.cgroups(["vcpu"]),
    ):
        pass
    assert not list(top.glob("kbench-*"))


def test_what_is_not_permitted_is_a_skip_and_leaves_nothing(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(control: Path, stack: object) -> None:
        for each in top.glob("kbench-*/*"):
            each.unlink()
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(cgroups, "_enable", refused)
    with (
        pytest.raises(Unavailable, match=r"Permission denied\): run it as root"),
        cgroups.cgroups(["vcpu"]),
    ):
        pass
    assert not list(top.glob("kbench-*"))


def test_no_hierarchy_is_a_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = {"/proc/self/mountinfo": "22 1 0:20 / /proc rw - proc proc rw\n"}
    monkeypatch.setattr(
        Path, "read_text", lambda self: mounts.get(str(self), "1:cpu:/\n0::/user.slice\n")
    )
    with pytest.raises(Unavailable, match="no cgroup v2 hierarchy"):
        cgroups.own_cgroup()
    mounts["/proc/self/mountinfo"] = "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
    assert cgroups.own_cgroup() == Path("/sys/fs/cgroup/user.slice")
