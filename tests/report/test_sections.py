# SPDX-License-Identifier: MIT
"""What a report says, before any format: order, headline, places that share no axis."""

import json
from pathlib import Path

import pytest
from support.reports import host, lab
from support.suites import LAB, STOPPED, Metadata, encoded, host_run, lab_run, write

from kbench.errors import KbenchError
from kbench.report.content import Content
from kbench.report.model import build
from kbench.report.sections import content
from kbench.report.tables import tradeoff


def made(*paths: Path) -> Content:
    return content(build(paths))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Content:
    folder = tmp_path_factory.mktemp("suites")
    return made(
        host(folder / "base.json"),
        host(folder / "head.json", 1.2, seed=1),
        lab(folder / "stock.json"),
        lab(folder / "ext.json", "all", 46),
    )


def test_the_answer_opens_with_the_pattern_of_its_headline(tmp_path: Path) -> None:
    """That of the most policies, wherever it stands in the suite."""
    policies = {"tick250": ["hlt"], "poisson": ["hlt", "spin"]}
    rows = {
        f"idle.{p}@{name}": windows(9_000, *range(9_000, 9_010))
        for p, names in policies.items()
        for name in names
    }
    model = build([write(tmp_path / "a.json", rows, **LAB)])
    answer = next(section for section in content(model).sections if section.anchor == "tradeoff")
    assert list(answer.pictures[0].choices["pattern"]) == ["poisson", "tick250"]
    assert [(table.title or "").partition(",")[0] for table in answer.tables] == ["poisson"]


def test_what_stopped_a_run_has_a_section(tmp_path: Path) -> None:
    stopped = [host_run(6e-6, **STOPPED)]
    found = made(write(tmp_path / "a.json", {"exit.a": stopped}))
    (section,) = (each for each in found.sections if each.anchor == "outliers")
    assert found.headline.endswith("p50 of exit.a 6.01 us."), "one benchmark is no range"
    what, trace = section.tables
    assert what.rows[0][0] == "exit.a" and len(trace.rows) == 2


def test_reading_order(both: Content) -> None:
    assert [section.anchor for section in both.sections] == [
        *("changes-1", "changes-2", "tradeoff", "tradeoff-others", "exits"),
        *("stages", "percentiles", "runs", "measured", "conditions", "glossary"),
    ]


def test_the_answer_is_one_picture_and_one_table(tmp_path: Path) -> None:
    """What it stands on is folded below."""
    found = made(host(tmp_path / "a.json"))
    first = found.sections[0]
    assert first.anchor == "tradeoff" and len(first.pictures) == len(first.tables) == 1
    assert found.headline.count(". ") < 3
    folded = {section.anchor for section in found.sections if section.folded}
    assert folded >= {"stages", "percentiles", "runs", "measured", "conditions"}


def test_headline_is_the_verdict(both: Content) -> None:
    assert both.headline.startswith("head against base: ")
    assert "worse" in both.headline and "the largest change: exit." in both.headline


def test_headline_without_a_pair_is_the_choice_of_policy(tmp_path: Path) -> None:
    text = made(host(tmp_path / "a.json")).headline
    assert text == (
        "Host (pvm), Test CPU, tick250: hlt costs least (0.400 % of a pCPU); "
        "spin wakes soonest (5.92 us to 6.15 us); not compared: hlt-user (what fires their "
        "events)."
    )


def windows(cost: int, *counts: int) -> list[Metadata]:
    """Windows of 250 events; `cost` instructions of the vCPU's thread each."""
    counted = {
        "cpu_s": cost * 250e-9, "wall_s": 1.0, "vcpus": 1, "waited_s": 0, "events_handled": 250
    }  # fmt: skip
    counters = {f"kbench_counter_{name}": value for name, value in counted.items()}
    return [lab_run(count, kbench_phases=len(counts), **counters) for count in counts]


def test_headline_names_those_that_nothing_tells_apart(tmp_path: Path) -> None:
    """mwait-sleep's windows lie around hlt-exit's; hlt's do not reach them."""
    found = {
        "idle.tick250@hlt": windows(9_000, *range(9000, 9010)),
        "idle.tick250@hlt-exit": windows(9_500, *range(400, 410)),
        "idle.tick250@mwait-sleep": windows(60_000, *range(300, 500, 20)),
    }
    text = made(write(tmp_path / "a.json", found, **LAB)).headline
    assert "mwait-sleep and hlt-exit wake soonest and are level" in text
    del found["idle.tick250@mwait-sleep"]
    text = made(write(tmp_path / "b.json", found, **LAB)).headline
    assert "hlt-exit wakes soonest" in text and "level" not in text.partition(";")[2]


def test_headline_compares_no_policy_whose_tick_another_thread_makes(tmp_path: Path) -> None:
    names = ("hlt", "hlt-exit", "hlt-user")
    found = {
        f"idle.tick250@{name}": windows(9_000 - 1_000 * at, *range(9000 + at, 9010 + at))
        for at, name in enumerate(names)
    }
    text = made(write(tmp_path / "a.json", found, **LAB)).headline
    assert "hlt-exit costs least" in text
    assert text.endswith("; not compared: hlt-user (what fires their events).")


def test_a_front_is_one_of_policies_that_may_be_compared(tmp_path: Path) -> None:
    found = {
        f"idle.tick250@{name}": windows(9_000 - 1_000 * at, *range(9000 - at, 9010 - at))
        for at, name in enumerate(("hlt", "hlt-exit", "hlt-user"))
    }
    model = build([write(tmp_path / "a.json", found, **LAB)])
    (table,) = tradeoff(model, model.places[0])
    fronts = {row[0]: row[-1] for row in table.rows}
    assert fronts["hlt"] == "-" and fronts["hlt-exit"] != "-"
    assert fronts["hlt-user"] == "-", "alone with its event source: below nobody"


def test_headline_of_exits_names_the_floor(tmp_path: Path) -> None:
    runs = {"exit.hlt": [host_run(7e-6)], "floor.immediate_exit": [host_run(5e-6)]}
    text = made(write(tmp_path / "a.json", runs)).headline
    assert "exit.hlt" in text and "the floor, floor.immediate_exit" in text


def test_lab_and_host_share_no_picture(both: Content) -> None:
    """Every drawing's data comes from the suites of one place."""
    for section in both.sections:
        for picture in section.pictures:
            for view in picture.views:
                drawn = json.dumps(view.chart.to_dict(validate=False))
                hosts = '"source": "base"' in drawn or '"source": "head"' in drawn
                labs = '"source": "stock"' in drawn or '"source": "ext"' in drawn
                assert not (hosts and labs), picture.name


def test_pictures_have_names_of_their_own(both: Content) -> None:
    names = [picture.name for section in both.sections for picture in section.pictures]
    assert len(names) == len(set(names))
    assert all(name.replace("-", "").isalnum() for name in names)


def test_tables_are_rectangular(both: Content) -> None:
    for section in both.sections:
        for table in section.tables:
            assert all(len(row) == len(table.columns) for row in table.rows), table.title


def notes(found: Content, anchor: str) -> tuple[str, ...]:
    (section,) = [section for section in found.sections if section.anchor == anchor]
    return section.notes


def test_void_runs_and_warnings_stand_with_what_they_change(both: Content) -> None:
    said = notes(both, "exits")
    assert "void run: the vCPU's thread moved from pCPU N to N (exit.pio_in)" in said
    assert "steal N % of the run (exit.hlt)" in said
    assert not [note for note in notes(both, "percentiles") if "steal" in note]


def test_a_warning_of_many_is_said_once_with_their_number(tmp_path: Path) -> None:
    runs = {
        f"wake.{name}@hlt": [host_run(7e-6, kbench_warnings=f"steal {count}.1 % of the run")]
        for count, name in enumerate(("irqfd", "nmi", "ipi", "timer"))
    }
    found = made(write(tmp_path / "a.json", runs))
    assert notes(found, "percentiles") == ("steal N % of the run (4 benchmarks of wake)",)


def test_a_benchmark_without_a_good_run_is_left_out(tmp_path: Path) -> None:
    runs = {"exit.hlt": [host_run(7e-6)], "exit.pio_in": [host_run(7e-6, kbench_void="migrated")]}
    found = made(write(tmp_path / "a.json", runs))
    assert "left out of a: every run is void: migrated (exit.pio_in)" in notes(found, "exits")
    with pytest.raises(KbenchError, match=r"nothing to report: b: exit\.pio_in: every run is void"):
        made(write(tmp_path / "b.json", {"exit.pio_in": runs["exit.pio_in"]}))


def test_suites_of_different_places_are_not_compared(tmp_path: Path) -> None:
    found = made(host(tmp_path / "a.json"), lab(tmp_path / "b.json"))
    assert not [section for section in found.sections if section.anchor.startswith("changes")]


def test_equal_stems_get_labels_of_their_own(tmp_path: Path) -> None:
    paths = []
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        paths.append(lab(tmp_path / name / "a.json"))
    assert [source.label for source in build(paths).sources] == ["x/a", "y/a"]


def test_benchmarks_stand_as_the_catalogue_has_them(tmp_path: Path) -> None:
    """A suite has them in the order of measurement, which is random."""
    names = ["idle.poisson@spin", "exit.hlt@real", "idle.tick250@hlt", "exit.other", "exit.hlt"]
    path = write(tmp_path / "a.json", {name: [lab_run(1)] for name in names}, **LAB)
    assert [entry.name for entry in build([path]).entries] == [
        *("exit.hlt", "exit.hlt@real", "idle.tick250@hlt", "idle.poisson@spin", "exit.other"),
    ]


def test_differences_are_told_where_figures_can_be_compared(both: Content, tmp_path: Path) -> None:
    (where,) = [section for section in both.sections if section.anchor == "measured"]
    (_, differs) = where.tables
    assert differs.title == "What differs, emulated lab (svm-tcg), Linux 6.1.0-test"
    assert differs.rows == (("extension", "none", "all"),)
    (conditions,) = [section for section in both.sections if section.anchor == "conditions"]
    assert [table.title for table in conditions.tables] == [
        *("host (pvm), Test CPU, of base, head", f"{differs.title[14:]}, of stock, ext"),
    ]
    known = {row[0] for table in conditions.tables for row in table.rows}
    assert "kernel" in known and not known & {"p50", "min", "guest p50", "title"}


def test_a_head_with_more_policies_is_there_for_the_choice(tmp_path: Path) -> None:
    """It may be worse than its base in something: that is a section, not the answer."""
    base = write(tmp_path / "base.json", {"idle.tick250@hlt": [lab_run(8000, value=1e6)]}, **LAB)
    runs = {f"idle.tick250@{name}": [lab_run(9000, value=1e6)] for name in ("hlt", "spin")}
    found = made(base, write(tmp_path / "head.json", runs, **LAB))
    assert found.sections[0].anchor == "tradeoff"
    assert any(section.anchor == "changes-1" for section in found.sections)


def test_changes_beyond_thirty_are_drawn_where_they_are_not_the_same(tmp_path: Path) -> None:
    names = [f"exit.e{number}" for number in range(60)]
    base = write(tmp_path / "base.json", {name: [lab_run(10_000)] for name in names}, **LAB)
    counts = [10_900, *[10_100] * 35, *[10_001] * 24]
    runs = {name: [lab_run(count)] for name, count in zip(names, counts, strict=True)}
    found = made(base, write(tmp_path / "head.json", runs, **LAB))
    (changes,) = [section for section in found.sections if section.anchor == "changes-1"]
    drawn = changes.pictures[0].views[0].chart.to_dict(validate=False)
    (marks,) = [layer["data"]["values"] for layer in drawn["layer"][-1:]]
    assert {mark["verdict"] for mark in marks} == {"worse"} and len(marks) == 36
    # One outlier does not flatten the rest: it is drawn at the edge, with its figure.
    assert marks[0]["mid"] == pytest.approx(0.042) and "+900" in marks[0]["text"]


def test_files_have_one_scale_of_each_picture(both: Content) -> None:
    pictures = {picture.name: picture for section in both.sections for picture in section.pictures}
    assert list(pictures["tradeoff-host-pvm"].still()) == ["tick250", "poisson"]
    assert list(pictures["exits-host-pvm-exit"].still()) == [""]
    assert "exit" in pictures["runs-host-pvm"].still()


def test_a_batch_is_shown_with_what_one_of_it_adds(tmp_path: Path) -> None:
    batch = {"kbench_counter_batch": 100, "kbench_control_min": 3000, "kbench_control_p50": 3000}
    run = lab_run(10_000, **batch, kbench_per_instruction_min=70.0, kbench_per_instruction=70.0)
    found = made(write(tmp_path / "a.json", {"inkernel.cpuid": [run]}, **LAB))
    (exits,) = [section for section in found.sections if section.anchor == "exits"]
    assert list(exits.tables[0].texts()) == [
        ("inkernel.cpuid", "100", "10,000", "3,000", "70", "-")
    ]


def test_each_family_with_stages_has_a_picture_and_a_table(tmp_path: Path) -> None:
    parts = {f"kbench_hdr_{name}": encoded(count) for name, count in (("tell", 40), ("start", 27))}
    runs = {"vtl.enter@kick": [lab_run(67, **parts)], "vtl.enter@poll": [lab_run(60)]}
    found = made(write(tmp_path / "a.json", runs, **LAB))
    (stages,) = [section for section in found.sections if section.anchor == "stages"]
    assert [picture.name for picture in stages.pictures] == ["stages-lab-svm-tcg-6-1-vtl"]
    (table,) = stages.tables
    titles = [column.title for column in table.columns]
    assert titles == ["benchmark", "tell p50", "tell p99", "start p50", "start p99"]
    assert [row[0] for row in table.rows] == ["vtl.enter@kick"]
