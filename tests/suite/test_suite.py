# SPDX-License-Identifier: MIT
"""Suite files: what kbench and pyperf write is read back; everything else is one clear error."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pyperf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.suites import encoded, host_run, lab_run, noisy, write

from kbench.errors import KbenchError
from kbench.metrics import metrics
from kbench.suite.load import load
from kbench.suite.pyperf_json import Limits


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    runs = {"exit.pio_out": noisy(6e-6, 3, 1), "exit.hlt": [host_run(7e-6)] * 2}
    return write(tmp_path / "suite.json", runs)


def edited(path: Path, edit: Any) -> Path:
    """`path` rewritten after `edit` changed its JSON in place."""
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))
    return path


def test_reads_what_pyperf_reads(stored: Path) -> None:
    """Runs, values and merged metadata equal those of pyperf's own loader."""
    suite = load(stored)
    theirs = pyperf.BenchmarkSuite.load(str(stored))
    assert [benchmark.name for benchmark in suite] == theirs.get_benchmark_names()
    for mine, their in zip(suite, theirs.get_benchmarks(), strict=True):
        assert mine.unit == their.get_unit()
        assert [run.values for run in mine.runs] == [run.values for run in their.get_runs()]
        assert [run.metadata for run in mine.runs] == [
            run.get_metadata() for run in their.get_runs()
        ]


def test_gzip_as_pyperf_writes_it(stored: Path) -> None:
    packed = stored.with_suffix(".json.gz")
    pyperf.BenchmarkSuite.load(str(stored)).dump(str(packed))
    assert [b.name for b in load(packed)] == [b.name for b in load(stored)]


def test_figures_void_and_warnings(tmp_path: Path) -> None:
    runs = [
        host_run(5e-6, kbench_warnings="steal 3 %; ticks"),
        host_run(6e-6, kbench_void="exits: counted 20, KVM says 21"),
        host_run(7e-6, kbench_warnings="ticks"),
    ]
    benchmark = load(write(tmp_path / "a.json", {"exit.hlt": runs})).benchmarks["exit.hlt"]
    assert benchmark.figures(metrics()["p50"]) == [5e-6, 7e-6]
    assert len(benchmark.runs) == 3 and len(benchmark.good) == 2
    assert benchmark.runs[1].void == "exits: counted 20, KVM says 21"
    assert benchmark.warnings == ("steal 3 %", "ticks")
    assert benchmark.provenance("kbench_backend") == "vmx"


def test_percentile_is_not_beyond_the_exact_extremes(tmp_path: Path) -> None:
    """3032 shares its histogram bucket with 3033, whose edge a percentile reports."""
    path = write(tmp_path / "a.json", {"exit.pio_out": [lab_run(3032, kbench_p50=3033)]})
    assert load(path).benchmarks["exit.pio_out"].figures(metrics()["p50"]) == [3032.0]


def test_histograms_are_decoded_and_added(tmp_path: Path) -> None:
    runs = [host_run(6e-6, kbench_hdr=encoded(6000, seed=seed)) for seed in range(3)]
    total = load(write(tmp_path / "a.json", {"exit.hlt": runs})).benchmarks["exit.hlt"].histogram()
    assert total.get_total_count() == 600
    assert 5800 < total.get_value_at_percentile(50) < 6200


def test_copies_of_a_run_count_once(tmp_path: Path) -> None:
    """What `pyperf convert --add` makes of a suite and itself; equal runs of two dates are two."""
    runs = [host_run(6e-6, date=f"2026-01-01 00:00:0{second}.000001") for second in range(3)]
    path = write(tmp_path / "a.json", {"exit.hlt": runs})
    twice = pyperf.BenchmarkSuite.load(str(path))
    (benchmark,) = twice.get_benchmarks()
    benchmark.add_runs(pyperf.BenchmarkSuite.load(str(path)).get_benchmark("exit.hlt"))
    twice.dump(str(path), replace=True)
    (found,) = load(path)
    assert (len(found.runs), found.copies) == (3, 3)
    assert found.warnings == ("exit.hlt: 3 runs are copies of others and do not count",)


def test_calibration_runs_are_left_out(stored: Path) -> None:
    def calibrate(data: Any) -> None:
        data["benchmarks"][0]["runs"].insert(0, {"warmups": [[1, 6e-6]]})

    assert [len(benchmark.runs) for benchmark in load(edited(stored, calibrate))] == [3, 2]


def test_a_benchmark_that_was_only_calibrated_is_refused(stored: Path) -> None:
    def calibrate(data: Any) -> None:
        data["benchmarks"][0]["runs"] = [{"warmups": [[1, 6e-6]]}]

    with pytest.raises(KbenchError, match="only calibration runs"):
        load(edited(stored, calibrate))


FOREIGN = {
    "empty": b"",
    "text": b"hello",
    "truncated": b'{"benchmarks": [{"runs": [{"val',
    "list": b"[1, 2]",
    "number": b"1",
    "null": b"null",
    "no-benchmarks": b'{"version": "1.0"}',
    "empty-benchmarks": b'{"version": "1.0", "benchmarks": []}',
    "no-runs": b'{"version": "1.0", "benchmarks": [{"runs": []}]}',
    "no-name": b'{"version": "1.0", "benchmarks": [{"runs": [{"values": [1.0]}]}]}',
    "old-version": b'{"version": 6, "benchmarks": []}',
    "nan": b'{"version": "1.0", "benchmarks": [{"runs": [{"values": [NaN]}]}]}',
    "infinity": b'{"version": "1.0", "benchmarks": [{"runs": [{"values": [1e999]}]}]}',
    "deep-list": b"[" * 100_000,
    "deep-object": b'{"a":' * 100_000,
    "not-utf8": b'{"version": "\xff\xfe"}',
    "binary": bytes(range(256)),
    "huge-number": b'{"version": "1.0", "benchmarks": ' + b"9" * 10_000 + b"}",
    "string-values": b'{"version": "1.0", "benchmarks": [{"runs": [{"values": ["1"]}]}]}',
    "nested-metadata": b'{"version": "1.0", "benchmarks": [], "metadata": {"a": {"b": 1}}}',
    "many-objects": b"[" + b"{}," * 2_000_000 + b"{}]",
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_foreign_content_is_one_clear_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(KbenchError, match=r"bad\.json") as caught:
        load(path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_unreadable_paths(tmp_path: Path) -> None:
    with pytest.raises(KbenchError, match="No such file"):
        load(tmp_path / "absent.json")
    with pytest.raises(KbenchError, match="Is a directory"):
        load(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(KbenchError, match="not a regular file"):
        load(tmp_path / "pipe")


def test_a_gigabyte_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    path.touch()
    os.truncate(path, 1 << 30)
    with pytest.raises(KbenchError, match="more than 256 MB"):
        load(path)


def test_a_gzip_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "bomb.json.gz"
    path.write_bytes(gzip.compress(b" " * (8 << 20)))
    with pytest.raises(KbenchError, match="more than 4 MB"):
        load(path, Limits(size=4 << 20))
    path.write_bytes(gzip.compress(b" " * 1000)[:-9])
    with pytest.raises(KbenchError, match="cannot read"):
        load(path)


def _first(data: Any) -> Any:
    return data["benchmarks"][0]["runs"][0]


def _metadata(key: str, value: object) -> Any:
    return lambda data: _first(data).setdefault("metadata", {}).update({key: value})


def _last(key: str, value: object) -> Any:
    return lambda data: (
        data["benchmarks"][-1]["runs"][-1].setdefault("metadata", {}).update({key: value})
    )


def _drop(key: str) -> Any:
    def drop(data: Any) -> None:
        data["metadata"].pop(key)

    return drop


HOSTILE = {
    "name": ("two benchmarks", lambda data: data["benchmarks"].append(data["benchmarks"][0])),
    "zero": ("values > 0", lambda data: _first(data).update(values=[0])),
    "negative": ("values > 0", lambda data: _first(data).update(values=[-1e-6])),
    "no-values": ("neither values", lambda data: _first(data).update(values=[])),
    "unit": ("unit is 'integer'", _last("unit", "integer")),
    "foreign-unit": ("unit is 'parsec'", lambda data: data["metadata"].update(unit="parsec")),
    "host": ("hostname is 'other'", _last("hostname", "other")),
    "escape": ("control characters", _metadata("kbench_void", "\x1b[2J")),
    "newline": ("control characters", _metadata("kbench_warnings", "a\nb")),
    "extremes": ("kbench_max is 1e-09, less than kbench_min", _last("kbench_max", 1e-9)),
    "key": ("control characters", _metadata("a\x07", "b")),
    "no-schema": ("kbench did not write", _drop("kbench_schema")),
    "no-provenance": ("no provenance", _drop("kbench_backend")),
    "schema": ("update kbench", lambda data: data["metadata"].update(kbench_schema=2)),
}  # fmt: skip


@pytest.mark.parametrize(("message", "edit"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_runs(stored: Path, message: str, edit: Any) -> None:
    with pytest.raises(KbenchError, match=message):
        load(edited(stored, edit))


def test_partly_missing_and_foreign_figures(tmp_path: Path) -> None:
    run = host_run(6e-6)
    run.pop("kbench_p50")
    path = write(tmp_path / "a.json", {"exit.hlt": [host_run(6e-6), run]})
    with pytest.raises(KbenchError, match="1 of 2 runs lack kbench_p50"):
        load(path).benchmarks["exit.hlt"].figures(metrics()["p50"])
    path = write(tmp_path / "a.json", {"exit.hlt": [host_run(6e-6, kbench_p50="x")]})
    with pytest.raises(KbenchError, match=r"exit\.hlt, run 1: kbench_p50 is 'x'"):
        load(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(where=st.integers(0, 10_000), value=JSON)
def test_any_value_anywhere_is_read_or_refused(stored: Path, where: int, value: object) -> None:
    """Replace one node of a real suite by arbitrary JSON: load() returns or raises KbenchError."""
    data = json.loads(stored.read_text())
    nodes: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        children = node.items() if isinstance(node, dict) else enumerate(node)
        for key, child in children:
            nodes.append((node, key))
            if isinstance(child, dict | list):
                walk(child)

    walk(data)
    parent, key = nodes[where % len(nodes)]
    parent[key] = value
    path = stored.with_name("mutated.json")
    path.write_text(json.dumps(data))
    _read_everything(path)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(cut=st.integers(0, 5000), noise=st.binary(max_size=8))
def test_any_damage_is_read_or_refused(stored: Path, cut: int, noise: bytes) -> None:
    data = stored.read_bytes()
    cut %= len(data)
    path = stored.with_name("damaged.json")
    path.write_bytes(data[:cut] + noise + data[cut + len(noise) :])
    _read_everything(path)


def _read_everything(path: Path) -> None:
    try:
        for benchmark in load(path):
            assert benchmark.name and benchmark.runs
            for metric in metrics().values():
                benchmark.figures(metric)
            benchmark.histogram()
    except KbenchError as error:
        assert "\n" not in str(error)


def test_a_benchmark_of_another_program_is_left_out(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = load(stored)

    def add(data: Any) -> None:
        run = {"values": [1.0], "metadata": {"name": "timeit", "loops": 1}}
        common = {**data.pop("metadata")}
        for benchmark in data["benchmarks"]:
            benchmark["metadata"] = {**common, **benchmark.get("metadata", {})}
        data["benchmarks"].append({"runs": [run]})

    assert load(edited(stored, add)).benchmarks.keys() == whole.benchmarks.keys()
    line = f"{stored}: left out 1 benchmark(s) that kbench did not write\n"
    assert capsys.readouterr().err == line
