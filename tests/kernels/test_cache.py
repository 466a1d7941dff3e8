# SPDX-License-Identifier: MIT
import errno
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from kbench.kernels import cache, eviction
from kbench.kernels.errors import KernelError, NoSpace


def builder(calls: list[str], content: str = "x") -> Callable[[Path], None]:
    def build(work: Path) -> None:
        calls.append(content)
        (work / "sub").mkdir()
        (work / "sub/file").write_text(content)
        (work / "link").symlink_to("sub/file")

    return build


def make(calls: list[str]) -> Path:
    return cache.entry("kind", "key", builder(calls), lambda line: None)


def test_entry_is_built_once(root: Path) -> None:
    calls: list[str] = []
    place = make(calls)
    assert make(calls) == place == root / "kind/key"
    assert (place / "link").read_text() == "x"
    assert len(calls) == 1


@pytest.mark.parametrize("damage", ["changed", "truncated", "missing", "extra", "link", "manifest"])
def test_damaged_entry_is_built_again(root: Path, damage: str) -> None:
    calls: list[str] = []
    place = make(calls)
    file = place / "sub/file"
    match damage:
        case "changed":
            file.write_text("y")
        case "truncated":
            os.truncate(file, 0)
        case "missing":
            file.unlink()
        case "extra":
            (place / "more").touch()
        case "link":
            (place / "link").unlink()
            (place / "link").symlink_to("elsewhere")
        case "manifest":
            (place / cache.MANIFEST).write_text("{")
    assert not cache.intact(place)
    make(calls)
    assert len(calls) == 2
    assert cache.intact(place)


def test_interrupted_build_leaves_nothing(root: Path) -> None:
    def build(work: Path) -> None:
        (work / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.entry("kind", "key", build, print)
    assert list((root / "kind").iterdir()) == []


def test_killed_build_is_swept_by_the_next(root: Path) -> None:
    program = (
        "import os, signal\nfrom kbench.kernels import cache\n"
        "cache.entry('kind', 'key', lambda work: os.kill(os.getpid(), signal.SIGKILL), print)"
    )
    subprocess.run([sys.executable, "-P", "-c", program], timeout=60, check=False)
    assert len(list((root / "kind").iterdir())) == 1
    make([])
    assert [path.name for path in (root / "kind").iterdir()] == ["key"]


def test_full_disk_is_named(root: Path) -> None:
    def build(work: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(NoSpace, match="no space left"):
        cache.entry("kind", "key", build, print)


def test_required_space(tmp_path: Path) -> None:
    cache.require_space(tmp_path, 1)
    with pytest.raises(NoSpace, match="make room, or set XDG_CACHE_HOME"):
        cache.require_space(tmp_path, 1 << 60)


def test_two_builders_at_once_build_once(root: Path) -> None:
    calls: list[str] = []
    threads = [threading.Thread(target=make, args=(calls,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(calls) == 1


def readonly(monkeypatch: pytest.MonkeyPatch, top: Path) -> None:
    """Make `top` a file system that is mounted read-only, as far as Python asks."""

    def refuse(*words: object, **more: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(top))

    for name in ("mkdir", "utime", "rename", "unlink"):
        monkeypatch.setattr(os, name, refuse)


def test_complete_entry_of_a_readonly_cache_is_used(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    place = make(calls)
    shutil.rmtree(root / "locks")
    readonly(monkeypatch, root)
    assert make(calls) == place
    eviction.keep_recent(place, 0)
    assert place.is_dir()


def test_readonly_cache_that_lacks_an_entry(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readonly(monkeypatch, root)
    with pytest.raises(KernelError, match=r"cannot be written.*XDG_CACHE_HOME"):
        make([])


def test_digest_knows_where_parts_end() -> None:
    assert cache.digest("ab", "c") != cache.digest("a", "bc")
    assert cache.digest("ab", b"c") == cache.digest(b"ab", "c")
