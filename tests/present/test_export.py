# SPDX-License-Identifier: MIT
"""Every format of a gate: complete, well-formed, and inert whatever a suite is called."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path

import pytest
from support.suites import LAB, host_run, lab_run, noisy, write

from kbench.judge.compare import Comparison, Options, compare
from kbench.judge.gate import outcome
from kbench.judge.project import Acknowledged, Project
from kbench.present.comparison import to_csv, to_json
from kbench.present.gate import to_github, to_markdown, to_text
from kbench.present.github import annotations
from kbench.present.junit import to_junit
from kbench.suite.load import load

NASTY = "x|<script>alert(1)</script>`@team`::error::%0A,=1"


@pytest.fixture
def host(tmp_path: Path) -> Comparison:
    base = {name: noisy(6e-6, 20, seed) for seed, name in enumerate(["exit.a", "exit.b", NASTY])}
    head = {name: noisy(7e-6, 20, 9 + seed) for seed, name in enumerate(["exit.b", NASTY])}
    head["exit.a"] = noisy(6e-6, 6, 30)
    head["exit.a"].append(host_run(6e-6, kbench_void="counts differ"))
    base["exit.gone"] = noisy(6e-6, 6, 31)
    known = Acknowledged(benchmark="exit.b", reason="known", expires=date(2030, 1, 1))
    return compare(
        load(write(tmp_path / "base.json", base)),
        load(write(tmp_path / "head.json", head, kbench_kernel="6.12")),
        Options(today=date(2026, 1, 1), project=Project(acknowledged=(known,))),
    )


@pytest.fixture
def lab(tmp_path: Path) -> Comparison:
    return compare(
        load(write(tmp_path / "a.json", {"exit.pio_out": [lab_run(3031, **LAB)]})),
        load(write(tmp_path / "b.json", {"exit.pio_out": [lab_run(3131, **LAB)]})),
        Options(today=date(2026, 1, 1)),
    )


def test_text(host: Comparison) -> None:
    text = to_text(host, outcome(host, strict=False), list(host.changes), 200)
    assert "differs: kernel: 6.1.0-test -> 6.12" in text
    assert "worse, acknowledged" in text and "cannot tell (14 further pairs)" in text
    assert "1 of 7 runs of exit.a (head) are void, left out: counts differ" in text
    assert "only in base: exit.gone" in text
    assert text.splitlines()[-1].startswith("gate: worse: ")


def test_text_of_the_lab(lab: Comparison) -> None:
    text = to_text(lab, outcome(lab, strict=False), list(lab.changes), 120)
    assert "exit.pio_out  min, p50, p90, p99  3,031  3,131  +100 (+3.30 %)  worse" in text
    assert "not times" in text


def test_markdown_is_inert(host: Comparison) -> None:
    text = to_markdown(host, outcome(host, strict=False), list(host.changes))
    assert "<script" not in text.replace("\\<", "") and "@team" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {row.replace("\\|", "").count("|") for row in rows} == {7}


def test_json(host: Comparison, lab: Comparison) -> None:
    document = json.loads(to_json([host, lab], outcome(host, strict=False)))
    assert document["version"] == 1 and document["gate"]["exit_code"] == 1
    first, second = document["comparisons"]
    assert first["voids"][0]["void"] == 1
    assert {row["verdict"] for row in first["changes"]} >= {"worse", "cannot tell"}
    assert second["changes"][0]["delta"] == 100.0
    # Two runs a side have an interval without ends: null, as JSON has no infinity.
    assert "Infinity" not in to_json([host])


def test_csv(host: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv([host]))))
    assert len(rows) == len(host.changes)
    assert float(rows[0]["mid"]) == pytest.approx(host.changes[0].mid)
    assert not any(cell.startswith("=") for row in rows for cell in row.values())


def test_junit(host: Comparison) -> None:
    suite = ET.fromstring(to_junit(host, outcome(host, strict=False)))
    cases = suite.findall("testcase")
    assert suite.get("tests") == str(len(cases))
    failed = {case.get("classname") for case in cases if case.find("failure") is not None}
    assert failed == {NASTY}
    assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
    assert int(suite.get("skipped", "0")) >= 2


def test_github(host: Comparison, lab: Comparison) -> None:
    lines = annotations(host, outcome(host, strict=False)).splitlines()
    assert lines[0].startswith("::error title=kbench gate::worse: ")
    assert lines and all(line.startswith("::") for line in lines)
    assert any(line.startswith("::warning title=exit.b p50::") for line in lines)
    (nasty,) = [line for line in lines if " p50::" in line and "script" in line]
    assert nasty.startswith(
        "::error title=x|<script>alert(1)</script>`@team`%3A%3Aerror%3A%3A%250A"
    )
    answer, *found = annotations(lab, outcome(lab, strict=False)).splitlines()
    titles = "exit.pio_out min%2C p50%2C p90%2C p99"
    assert answer and found == [f"::error title={titles}::+100 (+3.30 %25) (worse)"]


def test_nothing_acts_around_githubs_annotations(host: Comparison) -> None:
    """The table stands between stop-commands and its token, which nobody can know before."""
    result = outcome(host, strict=False)
    first, again = (to_github(host, result, list(host.changes)).splitlines() for _ in "ab")
    stop, token = first[0].rpartition("::")[::2]
    assert stop == "::stop-commands" and len(token) == 16 and first[0] != again[0]
    end = first.index(f"::{token}::")
    assert any("worse, acknowledged" in line for line in first[:end])
    assert all(line.startswith("::") for line in first[end + 1 :])
