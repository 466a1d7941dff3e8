# SPDX-License-Identifier: MIT
"""What other tools read of a suite: their formats, held to what those require."""

import json
import re
from pathlib import Path

import pytest
from support.cli import kbench
from support.suites import LAB, host_run, lab_run, write

LABELS = r'\{benchmark="[^"]+",target="(host|lab)",backend="[^"]+",quantile="0\.\d+"\}'


def suite(place: Path) -> Path:
    void = host_run(9e-6, kbench_void="migrated")
    runs = {"exit.a": [host_run(6e-6), host_run(7e-6)], "exit.b": [void]}
    return write(place / "host.json", runs)


def test_openmetrics(tmp_path: Path) -> None:
    out = kbench("show", suite(tmp_path), "--format", "openmetrics").worked()
    *lines, end = out.splitlines()
    assert end == "# EOF" and lines[:2] == [
        "# TYPE kbench_seconds gauge", "# UNIT kbench_seconds seconds",
    ]  # fmt: skip
    samples = [line for line in lines if not line.startswith("#")]
    assert samples and all(
        re.fullmatch(rf"kbench_seconds{LABELS} [\d.e-]+", line) for line in samples
    )
    assert "exit.b" not in out, "a void run is no figure"
    lab = write(tmp_path / "lab.json", {"exit.a": [lab_run(3021, **LAB)]})
    text = kbench("show", lab, "--format", "openmetrics").worked()
    assert 'quantile="0.5"} 3021.0' in text and "kbench_instructions" in text


def test_bencher(tmp_path: Path) -> None:
    found = json.loads(kbench("show", suite(tmp_path), "--format", "bencher").worked())
    assert list(found) == ["exit.a"] and list(found["exit.a"]) == ["latency"]
    measure = found["exit.a"]["latency"]
    assert set(measure) == {"value", "lower_value", "upper_value"}
    assert measure["lower_value"] == 6000 and measure["upper_value"] == 7000


@pytest.mark.parametrize("form", ["openmetrics", "bencher", "benchmark-action"])
def test_two_values_of_one_series_are_refused(tmp_path: Path, form: str) -> None:
    base = suite(tmp_path)
    head = write(tmp_path / "head.json", {"exit.a": [host_run(8e-6)]})
    done = kbench("show", base, head, "--format", form)
    assert (done.status, done.out) == (2, "") and "2 of the suites have exit.a" in done.err


def test_the_lab_s_figure_stands_beside_the_host_s(tmp_path: Path) -> None:
    lab = write(tmp_path / "lab.json", {"exit.a": [lab_run(3021, **LAB)]})
    found = json.loads(kbench("show", suite(tmp_path), lab, "--format", "bencher").worked())
    assert set(found["exit.a"]) == {"latency", "instructions"}
    out = kbench("show", suite(tmp_path), lab, "--format", "openmetrics").worked()
    assert "kbench_seconds{" in out and "kbench_instructions{" in out


def test_benchmark_action(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    found = json.loads(kbench("show", suite(tmp_path), "--format", "benchmark-action").worked())
    assert [set(row) for row in found] == [{"name", "unit", "value", "range", "extra"}]
    assert found[0]["unit"] == "seconds" and found[0]["range"] == "6e-06 - 7e-06"
    assert not out.exists()
