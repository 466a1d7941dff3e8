# SPDX-License-Identifier: MIT
"""Every command that reads suites, with every kind of bad one: one line, nothing written."""

import base64
import json
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.cli import command
from support.suites import encoded, noisy, write

from kbench.cli._app import run
from kbench.cli._exit import code

COMMANDS = {
    "compare": "compare bad.json good.json",
    "gate": "gate good.json bad.json -o gate.xml",
    "history": "history add kept bad.json --commit a --date 2026-01-01",
    "show": "show bad.json",
    "report": "report bad.json -o report.html",
    "hdr": "hdr bad.json exit.a -o a.hlog",
}
BOMB = zlib.compress(bytes(64 << 20), 9)
GOOD = encoded(6000)


def metadata(key: str, value: object) -> Callable[[Any], None]:
    def edit(suite: Any) -> None:
        suite["benchmarks"][0]["runs"][0].setdefault("metadata", {})[key] = value

    return edit


def without(key: str) -> Callable[[Any], None]:
    def edit(suite: Any) -> None:
        for benchmark in suite["benchmarks"]:
            for part in (suite, benchmark, *benchmark["runs"]):
                part.get("metadata", {}).pop(key, None)

    return edit


def twice(suite: Any) -> None:
    suite["benchmarks"].append(suite["benchmarks"][0])


def negative(suite: Any) -> None:
    suite["benchmarks"][0]["runs"][0]["values"] = [-1.0]


# What is wrong -> what the line must say, and how to make it from the JSON of a good suite.
EDITS: dict[str, tuple[str, Callable[[Any], None]]] = {
    "mixed units": ("unit is missing, the first run has 'integer'", metadata("unit", "integer")),
    "no histogram": ("has no histogram", without("kbench_hdr")),
    "no base64": ("is not base64", metadata("kbench_hdr", "!" + GOOD[1:])),
    "cut histogram": ("histogram says", metadata("kbench_hdr", GOOD[:-8])),
    "damaged zlib": ("be decompressed", metadata("kbench_hdr", GOOD[:60] + "AAAA" + GOOD[64:])),
    "decompression bomb": (
        "more than a histogram can hold",
        metadata(
            "kbench_hdr",
            base64.b64encode(struct.pack(">II", 0x1C849314, len(BOMB)) + BOMB).decode(),
        ),
    ),
    "damaged stage": ("kbench_hdr_guest: ", metadata("kbench_hdr_guest", "x")),
    "two of a name": ("two benchmarks", twice),
    "negative value": ("values > 0", negative),
    "negative figure": ("kbench_p50 is '-1.0'", metadata("kbench_p50", -1.0)),
    "figure beyond floats": ("kbench_p50 is '1000", metadata("kbench_p50", 10**400)),
    "text for a figure": ("kbench_p99 is 'x'", metadata("kbench_p99", "x")),
    "no provenance": ("no provenance", without("kbench_cpu_model")),
    "foreign": ("kbench did not write it", without("kbench_schema")),
    "NaN": ("NaN is not JSON", metadata("kbench_p50", float("nan"))),
    "Infinity": ("NaN is not JSON", metadata("kbench_p50", float("inf"))),
}  # fmt: skip

CONTENTS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "empty": ("is empty", lambda good: b""),
    "truncated": ("truncated", lambda good: good[: len(good) // 2]),
    "nested": ("is not", lambda good: b'{"a":' * 1_000_000),
    "binary": ("is not valid JSON", lambda good: b"\x7fELF" + bytes(100)),
    "too many objects": ("more JSON objects", lambda good: b"[" + b"{}," * 1_000_001),
}


FILES = ["bad.json", "good.json"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    runs = {"exit.a": noisy(6e-6, 3, 1), "exit.b": noisy(7e-6, 3, 2)}
    write(tmp_path / "good.json", runs)
    write(tmp_path / "bad.json", runs)
    monkeypatch.chdir(tmp_path)
    return tmp_path


Refused = Callable[[str, str], None]


@pytest.fixture
def refused(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Refused:
    """Assert that a command refuses bad.json with a line that holds `message`."""

    def check(command: str, message: str) -> None:
        before = sorted(place.iterdir())
        monkeypatch.setattr(sys, "argv", ["kbench", *command.split()])
        assert code(run) == 2
        out, err = capsys.readouterr()
        assert not out
        assert err.startswith("kbench: bad.json") and err.count("\n") == 1 and len(err) < 400
        assert message in err
        assert sorted(place.iterdir()) == before

    return check


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize(("message", "edit"), EDITS.values(), ids=EDITS)
def test_edited(
    place: Path, refused: Refused, command: str, message: str, edit: Callable[[Any], None]
) -> None:
    suite = json.loads((place / "bad.json").read_text())
    edit(suite)
    (place / "bad.json").write_text(json.dumps(suite))
    refused(command, message)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize(("message", "content"), CONTENTS.values(), ids=CONTENTS)
def test_foreign(
    place: Path, refused: Refused, command: str, message: str, content: Callable[[bytes], bytes]
) -> None:
    path = place / "bad.json"
    path.write_bytes(content(path.read_bytes()))
    refused(command, message)


def piped(line: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """What a shell makes of a line that calls kbench as $K."""
    environment = {**os.environ, "K": command()[0]}
    return subprocess.run(
        ["bash", "-c", line], cwd=cwd, capture_output=True, text=True, timeout=60, env=environment
    )


@pytest.mark.parametrize(
    "line",
    [
        "$K show - < good.json",
        "cat good.json | $K show -",
        "cat good.json | $K show /dev/stdin",
        "$K show <(gzip -c good.json | zcat)",
        "$K compare good.json <(sleep 0.3; cat good.json)",
    ],
)
def test_streams_are_read(place: Path, line: str) -> None:
    done = piped(line, place)
    assert done.returncode == 0, done.stderr
    assert "exit." in done.stdout and sorted(each.name for each in place.iterdir()) == FILES


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("$K show - < /dev/null", "- is not a regular file"),
        ("true | $K show -", "- is empty"),
        ("$K show - <&-", "cannot read -: Bad file descriptor"),
        ("mkfifo fifo; $K show fifo; rm fifo", "fifo is not a regular file"),
        ("cat good.json | $K history add kept - --commit a --date 2026-01-01", "- is a stream"),
    ],
)
def test_streams_that_are_none(place: Path, line: str, reason: str) -> None:
    done = piped(line, place)
    assert done.stderr.startswith(f"kbench: {reason}") and done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_huge(place: Path, refused: Refused, command: str) -> None:
    os.truncate(place / "bad.json", 1 << 30)
    refused(command, "more than 256 MB")
