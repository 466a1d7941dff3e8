# SPDX-License-Identifier: MIT
"""Writers that are killed, kept out, or without room: finished runs are found again."""

import os
import random
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pyperf
import pytest
from support.cli import kbench
from support.suites import output

from kbench.errors import KbenchError
from kbench.record.writer import SuiteWriter
from kbench.suite.load import load

KILLS = 30


def forked(work: Callable[[], None]) -> int:
    """The process id of a child that does `work` and ends."""
    child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    except BaseException:
        os._exit(1)


def run(number: int) -> bytes:
    """Run `number` of all: like every real one it has a date of its own."""
    return output("a", 1e-6 + number * 1e-9, date=f"2026-01-01 00:00:00.{number:06}")


def runs(path: Path) -> int:
    return sum(len(benchmark.runs) for benchmark in load(path))


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """Sessions of five runs, killed in one or between two, and gone on with by --append."""
    path = tmp_path / "a.json"
    source = random.Random(14)
    done = 0
    for _ in range(KILLS):
        read_end, write_end = os.pipe()

        def sessions(first: int = done, told: int = write_end) -> None:
            for start in range(first, first + 1000, 5):
                with SuiteWriter(path, append=True) as writer:
                    for number in range(start, start + 5):
                        writer.add(run(number))
                        os.write(told, b".")

        child = forked(sessions)
        os.close(write_end)
        os.read(read_end, 1)
        time.sleep(source.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        told = 1
        while more := os.read(read_end, 4096):
            told += len(more)
        os.close(read_end)
        found = runs(path)
        assert done + told <= found <= done + told + 1
        done = found
    pyperf.BenchmarkSuite.load(str(path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A suite whose writer was killed after three runs."""
    path = tmp_path / "a.json"

    def work() -> None:
        with SuiteWriter(path) as writer:
            for number in range(3):
                writer.add(run(number))
            os.kill(os.getpid(), signal.SIGKILL)

    os.waitpid(forked(work), 0)
    assert not path.exists()
    return path


def test_show_completes_a_suite_and_says_so_once(killed: Path) -> None:
    shown = kbench("show", killed.name, cwd=killed.parent)
    assert "recovered 3 runs" in shown.err and len(shown.err.splitlines()) == 1
    assert shown.worked() and pyperf.BenchmarkSuite.load(str(killed))
    assert kbench("show", killed.name, cwd=killed.parent).err == ""
    assert [entry.name for entry in killed.parent.iterdir()] == ["a.json"]


def test_append_finds_the_runs(killed: Path) -> None:
    with SuiteWriter(killed, append=True) as writer:
        writer.add(run(3))
    assert runs(killed) == 4


def test_without_append_the_suite_is_there(killed: Path) -> None:
    with pytest.raises(KbenchError, match="exists: choose another -o, or --append"):
        SuiteWriter(killed)
    assert runs(killed) == 3


def test_half_a_line_is_no_run(killed: Path) -> None:
    journal = killed.with_name("a.json.journal")
    journal.write_bytes(journal.read_bytes()[:-10])
    assert runs(killed) == 2


def test_a_writer_killed_before_its_first_run_leaves_nothing_to_the_next_reader(
    killed: Path,
) -> None:
    assert runs(killed) == 3
    journal = killed.with_name("a.json.journal")
    for left in (b"", b'{"names":[],"keeps":true}\n', b'{"names":[],"keeps":tr'):
        journal.write_bytes(left)
        assert runs(killed) == 3
        assert not journal.exists()


def test_a_damaged_journal_is_left_alone(killed: Path) -> None:
    journal = killed.with_name("a.json.journal")
    journal.write_bytes(journal.read_bytes().replace(b'"values"', b'"values', 1))
    before = journal.read_bytes()
    for use in (load, SuiteWriter):
        with pytest.raises(KbenchError, match=r"a\.json\.journal is not valid JSON"):
            use(killed)
    assert journal.read_bytes() == before


def test_a_suite_that_is_being_written_is_read_and_not_completed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.json"
    with SuiteWriter(path) as writer:
        writer.add(run(0))
        assert runs(path) == 1
        assert "is not complete: 1 runs are read from" in capsys.readouterr().err
        writer.add(run(1))
    assert runs(path) == 2


@pytest.mark.parametrize("append", [False, True])
def test_a_second_writer_is_refused(tmp_path: Path, append: bool) -> None:
    path = tmp_path / "a.json"
    with SuiteWriter(path, append=append) as writer:
        with pytest.raises(KbenchError, match="another kbench is writing"):
            SuiteWriter(path, append=append)
        writer.add(run(0))
    assert runs(path) == 1


def test_a_disk_that_fills_up(tmp_path: Path) -> None:
    """The kernel refuses what goes beyond the limit, in the middle of a line."""
    path = tmp_path / "a.json"

    def work() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        room = 4 * len(run(0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        with SuiteWriter(path) as writer:
            for number in range(100):
                try:
                    writer.add(run(number))
                except KbenchError as error:
                    assert "File too large" in str(error)
                    assert number == len(writer) > 1
                    (tmp_path / "kept").write_text(str(number))
                    return

    assert os.waitpid(forked(work), 0)[1] == 0
    assert runs(path) == int((tmp_path / "kept").read_text())


def test_no_room_for_the_complete_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with (
            pytest.raises(KbenchError, match=r"No space left on device; its runs are in .*journal"),
            SuiteWriter(path) as writer,
        ):
            writer.add(run(0))
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json.journal"]
    assert runs(path) == 1


def test_a_run_costs_its_own_size() -> None:
    """Twice the runs take about twice the time: rewriting the file took four times."""
    folder = Path("/dev/shm")

    def seconds(count: int) -> float:
        path = folder / f"kbench-test-{os.getpid()}-{count}.json"
        made = [run(number) for number in range(count)]
        start = time.process_time()
        try:
            with SuiteWriter(path) as writer:
                for each in made:
                    writer.add(each)
            return time.process_time() - start
        finally:
            path.unlink(missing_ok=True)

    seconds(100)
    assert min(seconds(800) for _ in range(3)) < 3 * min(seconds(400) for _ in range(3))
