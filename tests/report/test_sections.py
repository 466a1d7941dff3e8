# SPDX-License-Identifier: MIT
"""What a report says, before any format: order, headline, places that share no axis."""

import json
from pathlib import Path

import pytest
from support.reports import host, lab
from support.suites import host_run, write

from kbench.errors import KbenchError
from kbench.report.content import Content
from kbench.report.model import build
from kbench.report.sections import content


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


def test_reading_order(both: Content) -> None:
    assert [section.anchor for section in both.sections] == [
        *("measured", "warnings", "tradeoff", "changes-1", "changes-2"),
        *("stages", "exits", "percentiles", "runs", "conditions", "glossary"),
    ]


def test_headline_is_the_verdict(both: Content) -> None:
    assert both.headline.startswith("head against base: ")
    assert "worse" in both.headline and "most changed: exit." in both.headline


def test_headline_without_a_pair_is_the_choice_of_policy(tmp_path: Path) -> None:
    text = made(host(tmp_path / "a.json")).headline
    assert text.startswith("Host (pvm), Test CPU, pattern tick250, 5 policies: hlt costs least")
    assert "spin wakes soonest (100 % of a pCPU" in text


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


def test_void_runs_and_warnings_are_told(both: Content) -> None:
    (warnings,) = [section for section in both.sections if section.anchor == "warnings"]
    text = " ".join(warnings.notes)
    assert "void run: the vCPU's thread moved from pCPU 1 to 0 (base: exit.pio_in" in text
    assert "steal 3.1 % of the run" in text


def test_a_benchmark_without_a_good_run_is_left_out(tmp_path: Path) -> None:
    runs = {"exit.hlt": [host_run(7e-6)], "exit.pio_in": [host_run(7e-6, kbench_void="migrated")]}
    found = made(write(tmp_path / "a.json", runs))
    (warnings,) = [section for section in found.sections if section.anchor == "warnings"]
    assert warnings.notes == ("left out: a: exit.pio_in: every run is void: migrated",)
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
