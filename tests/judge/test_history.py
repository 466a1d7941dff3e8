# SPDX-License-Identifier: MIT
"""A history of suites: kept, shown, exported, checked."""

import csv
import io
import json
import os
import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.cli import Result, kbench
from support.suites import LAB, Metadata, lab_run, noisy, write

from kbench.errors import KbenchError
from kbench.judge.history import add, entries
from kbench.judge.project import Acknowledged, Project
from kbench.judge.series import Series, series
from kbench.metrics import metrics
from kbench.present.history import regressions, shifts_text, to_csv, to_json

DAY = datetime(2026, 1, 1, 12, tzinfo=UTC)


def kept(place: Path, benchmarks: list[dict[str, list[Metadata]]], **provenance: str) -> Path:
    """A history with one suite a day."""
    for number, runs in enumerate(benchmarks):
        suite = write(place / "suite.json", runs, **provenance)
        add(place / "history", suite, f"c{number:03}", DAY + timedelta(days=number))
    return place / "history"


@pytest.fixture
def slower(tmp_path: Path) -> Path:
    """Ten days at 6 us, ten at 6.6 us."""
    days = [{"exit.a": noisy(6e-6 if day < 10 else 6.6e-6, 5, day)} for day in range(20)]
    return kept(tmp_path, days)


def rows(place: Path, metric: str = "p50", project: Project | None = None) -> list[Series]:
    return list(series(entries(place), [], [metrics()[metric]], project or Project()))


def test_a_regression_is_dated(slower: Path) -> None:
    (row,) = rows(slower)
    assert [point.commit for point in row.points][:2] == ["c000", "c001"]
    (shift,) = row.shifts
    assert shift.point.commit == "c010" and shift.verdict == "worse"
    assert shift.after / shift.before == pytest.approx(1.1, abs=0.02)
    assert regressions([row]) == 1
    assert re.search(r"2026-01-11  c010 +\+", shifts_text([row], 120))


def test_acknowledged(slower: Path) -> None:
    last = (DAY + timedelta(days=10)).date()
    known = Acknowledged(benchmark="exit.*", reason="fix", expires=last)
    assert regressions(rows(slower, project=Project(acknowledged=(known,)))) == 0
    late = Acknowledged(benchmark="exit.*", reason="fix", expires=last - timedelta(days=1))
    assert regressions(rows(slower, project=Project(acknowledged=(late,)))) == 1


def test_lab_history_sees_one_instruction_by_margin(tmp_path: Path) -> None:
    counts = [3031, 3031, 3060, 3060]
    place = kept(tmp_path, [{"exit.a": [lab_run(count, **LAB)]} for count in counts])
    (row,) = rows(place, "min")
    assert [shift.point.commit for shift in row.shifts] == ["c002"]
    judged = [row.metric for row in series(entries(place), [], None, Project())]
    assert judged == ["min", "p50", "p90", "p99"], "the value is the mean"


def test_a_value_that_is_no_mean_is_a_series(tmp_path: Path) -> None:
    values = (20.0, 20.0, 40.0)
    place = kept(tmp_path, [{"idle.a": [lab_run(5000, value=value, **LAB)]} for value in values])
    found = {row.metric: row for row in series(entries(place), [], None, Project())}
    assert [shift.point.commit for shift in found["value"].shifts] == ["c002"]
    assert not found["min"].shifts


def unchanged(place: Path, count: int, benchmarks: int, seed: int) -> Path:
    """A history of `count` sessions on a machine under load, which moves all medians of one."""
    source = random.Random(seed)
    place.mkdir()
    days = []
    for day in range(count):
        load = source.lognormvariate(0, 0.05)
        days.append(
            {
                f"exit.{name}": noisy(6e-6 * load, 3, 1000 * seed + 10 * day + name, spread=0.03)
                for name in range(benchmarks)
            }
        )
    return kept(place, days)


@pytest.mark.parametrize("count", [4, 7, 25])
def test_an_unchanged_history_raises_no_alarm(tmp_path: Path, count: int) -> None:
    for seed in range(3):
        place = unchanged(tmp_path / str(seed), count, 6, seed)
        found = list(series(entries(place), [], None, Project()))
        assert len(found) == 18 and regressions(found) == 0
        assert not any(row.shifts for row in found)
        short = "cannot tell: 18 of 18 series are too short, a change takes 20 entries to be seen"
        text = shifts_text(found, 100).rstrip()
        assert text == (short if count < 20 else "no change in 18 series")


def test_one_regression_among_many_series_is_found(tmp_path: Path) -> None:
    days = [
        {
            f"exit.{name}": noisy(
                6.6e-6 if name == 3 and day >= 20 else 6e-6, 3, 100 * day + name, spread=0.01
            )
            for name in range(6)
        }
        for day in range(28)
    ]
    found = list(series(entries(kept(tmp_path, days)), [], None, Project()))
    changed = {row.benchmark for row in found if row.shifts}
    assert changed == {"exit.3"} and regressions(found) > 0


def test_other_machines_are_left_out(tmp_path: Path) -> None:
    place = kept(tmp_path, [{"exit.a": noisy(6e-6, 5, 1)}], kbench_cpu_model="old")
    suite = write(tmp_path / "suite.json", {"exit.a": noisy(9e-6, 5, 2)})
    add(place, suite, "new", DAY + timedelta(days=50))
    (row,) = rows(place)
    assert (len(row.points), row.left_out) == (1, 1)


def test_csv_and_json(slower: Path) -> None:
    found = rows(slower)
    table = list(csv.DictReader(io.StringIO(to_csv(found))))
    assert len(table) == 20
    assert table[0]["time"] == "2026-01-01T12:00:00+00:00" and table[0]["commit"] == "c000"
    assert float(table[0]["exit.a.p50"]) == pytest.approx(6e-6, rel=0.1)
    document = json.loads(to_json(found))
    assert document["version"] == 1
    assert document["series"][0]["shifts"][0]["point"]["commit"] == "c010"


def test_mistakes(tmp_path: Path) -> None:
    suite = write(tmp_path / "suite.json", {"exit.a": noisy(6e-6, 5, 1)})
    with pytest.raises(KbenchError, match="is not a directory"):
        entries(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(KbenchError, match="holds no suites"):
        entries(tmp_path / "empty")
    with pytest.raises(KbenchError, match="is no commit"):
        add(tmp_path / "h", suite, "../../x", DAY)
    add(tmp_path / "h", suite, "abc", DAY)
    with pytest.raises(KbenchError, match="in the history already"):
        add(tmp_path / "h", suite, "abc", DAY)
    suite.write_text("{")
    with pytest.raises(KbenchError, match="not valid JSON"):
        add(tmp_path / "h", suite, "def", DAY)
    assert len(list((tmp_path / "h").iterdir())) == 1


def test_command_line(slower: Path) -> None:
    def history(*words: str) -> Result:
        return kbench("history", *words, cwd=slower.parent)

    checked = history("check", "history")
    assert checked.status == 1 and re.search("exit.a +p50", checked.out)
    assert history("check", "history", "--metric", "max").status == 0
    assert "c010" in history("show", "history", "exit.a").out
    assert history("show", "history", "exit.absent").status == 2
    added = history("add", "history", "suite.json", "--commit", "abc", "--date", "2026-03-01")
    assert added.out == f"history{os.sep}20260301T000000Z-abc.json\n"
    assert history("check", "history", "exit.a").status == 1
    nowhere = history("add", "history", "suite.json", "--commit", "--output=x")
    assert nowhere.status == 2 and "pass --commit and --date" in nowhere.err
    assert not (slower.parent / "x").exists()


def test_a_date_that_is_none(tmp_path: Path) -> None:
    """A name that only looks like a suite's; and a year that such a name cannot hold."""
    place = tmp_path / "99999999T999999Z-a.json"
    place.touch()
    with pytest.raises(KbenchError, match="there is no such date"):
        entries(tmp_path)
    suite = write(tmp_path / "a.json", {"exit.a": noisy(6e-6, 3, 1)})
    with pytest.raises(KbenchError, match="the years 1000 to 9999"):
        add(tmp_path, suite, "a", datetime(1, 1, 1, tzinfo=UTC))
    kept = add(tmp_path, suite, "v6.1-3-g0123456789ab", datetime(2026, 1, 1, tzinfo=UTC))
    place.unlink()
    assert [entry.commit for entry in entries(tmp_path)] == ["v6.1-3-g0123456789ab"]
    assert kept.name == "20260101T000000Z-v6.1-3-g0123456789ab.json"
