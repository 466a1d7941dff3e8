# SPDX-License-Identifier: MIT
"""`kbench show` and `kbench hdr`: the figures are the library's; bad files are one line."""

import csv
import gzip
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from support.cli import kbench
from support.suites import LAB, encoded, host_run, lab_run, write

from kbench.suite.load import load

PERCENTILES = (50, 90, 99, 99.9)


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    runs = [host_run(6e-6), host_run(9e-6, kbench_hdr=encoded(9000))]
    void = host_run(1.0, kbench_void="steal", kbench_warnings="ticks")
    return write(tmp_path / "a.json", {"exit.hlt": [*runs, void], "floor.clock": [host_run(6e-6)]})


def shown(path: Path, *words: object) -> list[dict[str, object]]:
    document = json.loads(kbench("show", path, "--format", "json", *words).worked())
    assert document["version"] == 1
    return document["benchmarks"]  # type: ignore[no-any-return]  # what JSON holds is Any


def merged(path: Path, name: str) -> HdrHistogram:
    """The good runs' histograms, decoded and added by the library alone."""
    total = HdrHistogram(1, 60_000_000_000, 3)
    for run in load(path).benchmarks[name].good:
        total.decode_and_add(str(run.get("kbench_hdr")))
    return total


def agrees(path: Path) -> None:
    """What is shown of each benchmark is what the library computes of its histograms."""
    for row in shown(path, "--percentiles", ",".join(map(str, PERCENTILES))):
        total = merged(path, str(row["name"]))
        assert row["count"] == total.get_total_count()
        assert row["percentiles"] == {
            f"{p:g}": pytest.approx(min(total.get_value_at_percentile(p) * 1e-9, row["max"]))
            if p < 100 - 100 / total.get_total_count()
            else None
            for p in PERCENTILES
        }


def test_json(stored: Path) -> None:
    agrees(stored)
    hlt, clock = shown(stored)
    assert (hlt["name"], hlt["runs"], hlt["void_runs"], hlt["unit"]) == ("exit.hlt", 3, 1, "second")
    assert hlt["backend"] == "vmx"
    assert isinstance(hlt["warnings"], list)
    assert "ticks" in hlt["warnings"] and "void run: steal" in hlt["warnings"]
    assert clock["warnings"] == []
    assert set(hlt) >= {"percentiles", "mean", "min", "max", "count", "file", "title", "target"}


@pytest.mark.kvm
def test_a_recorded_suite(recorded: Path) -> None:
    agrees(recorded)


def test_text(stored: Path) -> None:
    text = kbench("show", stored).worked()
    assert re.search(r"exit\.hlt \[1\] \[2\] .* 3 \(1 void\)", text)
    assert "[1] ticks" in text and "[2] void run: steal" in text
    assert "target host, backend vmx: Test CPU 1" in text


def test_instructions_say_what_they_are(tmp_path: Path) -> None:
    lab = {"kbench_target": "lab", "kbench_backend": "svm-tcg"}
    path = write(tmp_path / "lab.json", {"exit.hlt": [lab_run(4119)]}, **lab)
    text = kbench("show", path).worked()
    assert text.count("4,119") == 1 and "not times" in text


def test_csv_and_markdown(stored: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(kbench("show", stored, "--format", "csv").worked())))
    assert [row["name"] for row in rows] == ["exit.hlt", "floor.clock"]
    percentiles = shown(stored)[0]["percentiles"]
    assert isinstance(percentiles, dict)
    assert float(rows[0]["p50"]) == pytest.approx(percentiles["50"])
    text = kbench("show", stored, "--format", "md").worked()
    assert "| exit.hlt" in text and "|---|" in text


@pytest.mark.parametrize("text", ["0", "101", "50,abc", "", "nan"])
def test_percentiles_out_of_range(stored: Path, text: str) -> None:
    line = kbench("show", stored, f"--percentiles={text}").refused()
    assert "expected numbers in (0, 100]" in line


def test_files_have_the_form_of_their_names(stored: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"out.{suffix}" for suffix in ("json", "csv", "md", "txt")]
    words = [word for file in files for word in ("-o", file)]
    assert kbench("show", stored, *words).worked() == ""
    assert json.loads(files[0].read_text())["version"] == 1
    assert kbench("show", stored, *words).refused().endswith("choose another -o, or --force")
    assert "one of .txt, .md" in kbench("show", stored, "-o", "out.xml").refused()


BAD = {
    "missing": (None, "No such file"),
    "empty": (b"", "is empty"),
    "truncated": (b'{"version": "1.0", "benchm', "is not valid JSON"),
    "foreign": (b'{"hello": 1}', "is not a pyperf suite"),
    "binary": (b"\x7fELF\x02\x01\xff\xfe", "is not valid JSON"),
    "list": (b"[]", "is not a pyperf suite"),
    "deep": (b"[" * 100_000, "is not"),
}


@pytest.mark.parametrize(("data", "hint"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("command", ["show", "hdr"])
def test_bad_files(tmp_path: Path, command: str, data: bytes | None, hint: str) -> None:
    path = tmp_path / "bad.json"
    if data is not None:
        path.write_bytes(data)
    words = [path] if command == "show" else [path, "exit.hlt", "-o", tmp_path / "out.hlog"]
    line = kbench(command, *words).refused()
    assert str(path) in line and hint in line
    assert not (tmp_path / "out.hlog").exists()


def test_pyperfs_own_suite_is_foreign(tmp_path: Path) -> None:
    path = tmp_path / "theirs.json"
    words = ["timeit", "-p1", "-n1", "-w0", "-l1", "pass", "-q", "-o", str(path)]
    subprocess.run([sys.executable, "-P", "-m", "pyperf", *words], check=True)
    assert "kbench did not write it" in kbench("show", path).refused()


def test_a_closed_pipe_is_no_error(stored: Path) -> None:
    script = f"{sys.executable} -P -c 'from kbench.cli import main; main()' show {stored} | true"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True)
    assert "Traceback" not in done.stderr


def test_percentile_text(stored: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.hgrm"
    kbench("hdr", stored, "exit.hlt", "-o", out).worked()
    text = out.read_text()
    total = merged(stored, "exit.hlt")
    assert re.search(rf"Total count += +{total.get_total_count()}\]", text)
    assert re.search(r"Value +Percentile +TotalCount", text)
    assert "exists: choose another -o" in kbench("hdr", stored, "exit.hlt", "-o", out).refused()
    kbench("hdr", stored, "exit.hlt", "-o", out, "--force").worked()


def test_a_histogram_has_the_name_of_its_form(stored: Path, tmp_path: Path) -> None:
    line = kbench("hdr", stored, "exit.hlt", "-o", tmp_path / "out.json").refused()
    assert line.endswith("out.json: the form follows the name of the file, .hlog or .hgrm")
    assert not (tmp_path / "out.json").exists()


def test_log_reads_back(stored: Path, tmp_path: Path) -> None:
    """The library's own reader gives each good run's histogram, interval by interval."""
    out = tmp_path / "out.hlog"
    kbench("hdr", stored, "exit.hlt", "-o", out).worked()
    reader = HistogramLogReader(str(out), HdrHistogram(1, 60_000_000_000, 3))
    intervals = []
    while (histogram := reader.get_next_interval_histogram()) is not None:
        intervals.append(histogram)
    reader.close()
    good = load(stored).benchmarks["exit.hlt"].good
    assert [h.get_value_at_percentile(50) for h in intervals] == [
        run.histogram().get_value_at_percentile(50) for run in good
    ]
    assert [h.get_total_count() for h in intervals] == [200, 200]


def test_unknown_benchmark_of_a_suite(stored: Path, tmp_path: Path) -> None:
    line = kbench("hdr", stored, "exit.nothing", "-o", tmp_path / "x.hlog").refused()
    assert "has no benchmark 'exit.nothing': exit.hlt, floor.clock" in line


@pytest.mark.kvm
class TestPyperf:
    """pyperf's own commands work on what kbench recorded."""

    @staticmethod
    def pyperf(*words: object) -> str:
        command = [sys.executable, "-P", "-m", "pyperf", *map(str, words)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    @pytest.mark.parametrize("command", ["show", "stats", "hist", "check", "metadata"])
    def test_shows(self, recorded: Path, command: str) -> None:
        assert "exit.pio_out" in self.pyperf(command, recorded)

    def test_compare_to(self, recorded: Path) -> None:
        assert "exit.pio_out" in self.pyperf("compare_to", recorded, recorded, "-v")

    def test_extracts_a_percentile(self, recorded: Path, tmp_path: Path) -> None:
        out = tmp_path / "p99.json"
        self.pyperf("convert", "--extract-metadata", "kbench_p99", recorded, "-o", out)
        values = {
            run["values"][0]
            for benchmark in json.loads(out.read_text())["benchmarks"]
            for run in benchmark["runs"]
        }
        expected = {run.get("kbench_p99") for row in load(recorded) for run in row.runs}
        assert values == expected

    def test_metadata_is_complete(self, recorded: Path) -> None:
        names = (
            "schema hdr p50 p90 p99 min max mean count title target backend cpu_model "
            "kernel kvm_srcversion extension guest_sha256 version halt_poll_ns governor "
            "idle_driver smt mitigations thp nx_huge_pages isolcpus clocksource tick_hz steal "
            "nivcsw load"
        )
        for benchmark in load(recorded):
            for run in benchmark.runs:
                missing = [n for n in names.split() if run.get(f"kbench_{n}") is None]
                assert missing == []
                assert len(str(run.get("kbench_guest_sha256"))) == 64
        assert all(
            run.get("kbench_counter_kvm_exits")
            for run in load(recorded).benchmarks["exit.pio_out"].runs
        )

    def test_packed_by_pyperf_it_still_reads(self, recorded: Path, tmp_path: Path) -> None:
        packed = tmp_path / "a.json.gz"
        packed.write_bytes(gzip.compress(recorded.read_bytes()))
        assert shown(packed)[0]["percentiles"] == shown(recorded)[0]["percentiles"]


def test_policies_that_no_other_beats_are_marked(tmp_path: Path) -> None:
    def run(count: int, share: float) -> dict[str, str | int | float]:
        counters = {"progress": 1.0, "cpu_s": share, "wall_s": 1.0, "vcpus": 1, "exits_per_s": 250}
        return lab_run(count, **{f"kbench_counter_{key}": value for key, value in counters.items()})

    rows = {
        "idle.tick250@hlt": [run(8000, 0.003)],
        "idle.tick250@guest-haltpoll": [run(8000, 0.05)],
        "idle.tick250@spin": [run(6000, 1.0)],
        "idle.poisson@spin": [run(9000, 1.0)],
        # Another source of events, which is not compared: it beats nobody, and nobody beats it.
        "idle.tick250@hlt-user": [run(5000, 0.001)],
    }
    text = kbench("show", write(tmp_path / "a.json", rows, **LAB)).worked()
    marked = re.findall(r"^(idle\S+) \*", text, re.MULTILINE)
    assert marked == ["idle.tick250@hlt", "idle.tick250@spin"]
