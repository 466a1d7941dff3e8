# SPDX-License-Identifier: MIT
"""What the host packs, the agent unpacks."""

from pathlib import Path

from kbench.lab.inside import bundle


def test_unpacks_what_was_packed(tmp_path: Path) -> None:
    files = {"a/b/c": b"one\n\0two", "a/b/empty": b"", "a/d": bytes(range(256)), "top": b"3"}
    bundle.unpack(bundle.pack(files), str(tmp_path))
    found = {
        str(path.relative_to(tmp_path)): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert found == files


def test_the_order_of_the_files_is_kept() -> None:
    assert bundle.pack({"b": b"1", "a": b"2"}) == b'{"b": 1, "a": 1}\n12'
