# SPDX-License-Identifier: MIT
"""Charts drawn: the page's picture is the file's without what the page has itself."""

import re
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
import vl_convert
from support.reports import host, lab

from kbench.errors import KbenchError
from kbench.report import draw
from kbench.report.draw import inline, to_svgs
from kbench.report.model import build
from kbench.report.sections import content


def test_a_page_has_no_legend_and_no_room_for_one(tmp_path: Path) -> None:
    made = content(build([lab(tmp_path / "a.json"), lab(tmp_path / "b.json")]))
    (exits,) = [p for section in made.sections for p in section.pictures if "exits" in p.name][:1]
    (svg,) = to_svgs([exits.views[0].chart])
    drawn = inline(svg, exits.title)
    assert ">a</text>" in svg and ">a</text>" not in drawn
    ((tall,), (low,)) = (
        map(float, re.findall(r'viewBox="0 0 \S+ (\S+)"', text)[:1]) for text in (svg, drawn)
    )
    assert tall - 30 < low < tall - 10


def test_declaring_a_chart_leaves_its_rows_alone(tmp_path: Path) -> None:
    """altair would look into each value of each row; what it draws is the same."""
    made = content(build([host(tmp_path / "a.json", runs=2)]))
    (picture,) = [p for section in made.sections for p in section.pictures if "percent" in p.name]
    described = picture.views[0].chart.to_dict(validate=False)
    rows = described["data"]["values"]
    assert rows is picture.views[0].chart.data["values"].to_dict()
    assert len(rows) > 100


def test_a_process_that_draws_may_be_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then this one draws."""

    def broken(*arguments: object) -> None:
        raise BrokenProcessPool("a process was killed")

    made = content(build([lab(tmp_path / "a.json")]))
    (chart, *_) = (p.views[0].chart for section in made.sections for p in section.pictures)
    monkeypatch.setattr(draw, "ProcessPoolExecutor", broken)
    assert len(set(to_svgs([chart] * draw.FEWEST_FOR_TWO))) == 1


def test_a_drawer_that_cannot_start_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(specification: object) -> str:
        raise ValueError(f"conversion failed: {draw.CANCELED}")

    monkeypatch.setattr(vl_convert, "vegalite_to_svg", refuse)
    with pytest.raises(KbenchError, match="could not start"):
        draw._svg({})
