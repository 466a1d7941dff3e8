# SPDX-License-Identifier: MIT
import os
from pathlib import Path

import pytest

from kbench.kernels import cache, eviction


def make(key: str) -> Path:
    def fill(work: Path) -> None:
        (work / "file").write_bytes(bytes(4096))

    return cache.entry("kind", key, fill, print)


def test_oldest_entries_go(root: Path) -> None:
    for age in range(5):
        place = make(f"key{age}")
        os.utime(place, (1000 - age, 1000 - age))
    eviction.keep_recent(root / "kind/key4", 2)
    assert {path.name for path in (root / "kind").iterdir()} == {"key4", "key0"}


def test_what_is_held_stays(root: Path) -> None:
    class Owner:
        pass

    owner = Owner()
    first, last = (make(key) for key in ("first", "last"))
    os.utime(first, (1000, 1000))
    eviction.hold(first, owner)
    eviction.keep_recent(last, 1)
    assert first.is_dir()
    del owner
    eviction.keep_recent(last, 1)
    assert not first.exists()


def test_what_another_process_has_removed_meanwhile_is_gone(root: Path) -> None:
    last = make("last")
    # In the listing, and no longer there when it is asked for its age.
    (root / "kind/gone").symlink_to(root / "nowhere")
    eviction.keep_recent(last, 1)
    assert last.is_dir()


def test_remove_says_what_it_freed(root: Path) -> None:
    make("one")
    make("two")
    (root / "kind/loose.json").write_bytes(bytes(4096))
    freed, kept = eviction.remove([root / "kind"])
    assert freed >= 3 * 4096
    assert kept == []
    assert not (root / "kind").exists()


def test_remove_leaves_what_is_in_use(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eviction, "CLEAN_LOCK_SECONDS", 0.1)

    class Owner:
        pass

    owner = Owner()
    eviction.hold(make("held"), owner)
    make("built")
    make("free")
    with cache.lock("kind-built"):
        _, kept = eviction.remove([root / "kind"])
    assert kept == ["kind/built is in use", "kind/held is in use"]
    assert sorted(path.name for path in (root / "kind").iterdir()) == ["built", "held"]


def test_remove_claims_nothing_that_it_could_not_do(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make("one")

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("kbench.kernels.eviction.shutil.rmtree", refuse)
    assert eviction.remove([root / "kind"]) == (0, ["kind/one: Permission denied"])
    assert place.is_dir()
