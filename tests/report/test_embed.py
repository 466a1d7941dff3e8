# SPDX-License-Identifier: MIT
"""Suites go into a page and come back byte for byte; pages are untrusted on the way back."""

import base64
import gzip
import hashlib
from pathlib import Path

import pytest

from kbench.errors import KbenchError
from kbench.report.embed import PREFIX, Embedded, embed, extract


def page(path: Path, *links: Embedded) -> Path:
    rows = (
        f'<a data-suite="{link.name}" data-sha256="{link.sha256}" href="{link.href}">x</a>'
        for link in links
    )
    path.write_text("<!doctype html>" + "".join(rows))
    return path


def packed(name: str, data: bytes, sha256: str | None = None) -> Embedded:
    href = PREFIX + base64.b64encode(gzip.compress(data)).decode()
    return Embedded(name, sha256 or hashlib.sha256(data).hexdigest(), href)


def test_round_trip(tmp_path: Path) -> None:
    suites = {"a.json": b'{"a": 1}\n', "b.json": bytes(range(256)) * 1000}
    made = page(tmp_path / "r.html", *(embed(name, data) for name, data in suites.items()))
    assert extract(made) == suites


def test_same_bytes_make_the_same_text() -> None:
    assert embed("a.json", b"x" * 999) == embed("a.json", b"x" * 999)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("/etc/cron.d/x", "x"),
        ("..\\..\\x.json", "x.json"),
        (".bashrc", "bashrc"),
        ("..", "suite-1.json"),
        ("", "suite-1.json"),
    ],
)
def test_names_stay_in_their_folder(tmp_path: Path, name: str, safe: str) -> None:
    assert list(extract(page(tmp_path / "r.html", packed(name, b"x")))) == [safe]


def test_equal_names_are_told_apart(tmp_path: Path) -> None:
    made = page(tmp_path / "r.html", packed("a.json", b"1"), packed("x/a.json", b"2"))
    assert extract(made) == {"a.json": b"1", "2-a.json": b"2"}


@pytest.mark.parametrize(
    "link",
    [
        packed("a.json", b"x", sha256="0" * 64),
        Embedded("a.json", "", "https://example.org/a.json"),
        Embedded("a.json", "", PREFIX + "%%%"),
        Embedded("a.json", "", PREFIX + base64.b64encode(b"no gzip").decode()),
    ],
)
def test_damage_is_found(tmp_path: Path, link: Embedded) -> None:
    with pytest.raises(KbenchError, match=r"suite a\.json in it is damaged"):
        extract(page(tmp_path / "r.html", link))


def test_decompression_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kbench.report.embed.MOST_SUITE", 1000)
    with pytest.raises(KbenchError, match="damaged"):
        extract(page(tmp_path / "r.html", packed("a.json", bytes(1001))))


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"\xff\xfe\x00", b'<a href="x">y</a>'])
def test_other_files_are_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.html").write_bytes(content)
    with pytest.raises(KbenchError, match="not a page of kbench report"):
        extract(tmp_path / "r.html")
