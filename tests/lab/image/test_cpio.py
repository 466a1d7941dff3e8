# SPDX-License-Identifier: MIT
import stat

from hypothesis import given
from hypothesis import strategies as st

from kbench.lab.image import cpio

names = st.text("abcxyz", min_size=1, max_size=8)
paths = st.lists(names, min_size=1, max_size=3).map("/".join)


def read(data: bytes) -> dict[str, tuple[int, bytes]]:
    """Path -> (mode, content), by an independent reading of the format's description."""
    entries: dict[str, tuple[int, bytes]] = {}
    at = 0
    while True:
        assert data[at : at + 6] == b"070701"
        fields = [int(data[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name = data[at + 110 : at + 110 + name_size]
        assert name.endswith(b"\0")
        start = (at + 110 + name_size + 3) // 4 * 4
        if name == b"TRAILER!!!\0":
            return entries
        path = name[:-1].decode()
        assert path not in entries
        entries[path] = (mode, data[start : start + size])
        at = (start + size + 3) // 4 * 4


@given(st.dictionaries(paths, st.binary(max_size=20)))
def test_archive_holds_every_file_after_its_directory(contents: dict[str, bytes]) -> None:
    # A path cannot be a file and a directory: give the files an ending of their own.
    files = {f"{path}.f": (0o644, data) for path, data in contents.items()}
    entries = read(cpio.archive(files))
    for path, (mode, data) in files.items():
        assert entries[path] == (stat.S_IFREG | mode, data)
    seen: set[str] = set()
    for path, (mode, _) in entries.items():
        parent = path.rpartition("/")[0]
        assert not parent or parent in seen
        if stat.S_ISDIR(mode):
            seen.add(path)


def test_archive_depends_on_content_alone() -> None:
    files = {"b/x": (0o755, b"1"), "a": (0o644, b"2")}
    backwards = dict(reversed(files.items()))
    assert cpio.archive(files, ("dev",)) == cpio.archive(backwards, ("dev",))


def test_empty_directories() -> None:
    entries = read(cpio.archive({}, ("dev", "proc")))
    assert entries == dict.fromkeys(("dev", "proc"), (stat.S_IFDIR | 493, b""))
