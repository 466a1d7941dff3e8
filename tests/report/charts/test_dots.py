# SPDX-License-Identifier: MIT
"""Policies as rows: few of them, level ones together, one order, figures without support absent."""

from pathlib import Path

from support.suites import LAB, Metadata, lab_run, write

from kbench.answers.quantity import EVENT, LATENCY
from kbench.report.charts.dots import MOST, Dots, Span, charts, dots, spanned, tail
from kbench.report.content import Picture
from kbench.report.model import build
from kbench.report.sections import content


def run(cost: int, count: int) -> Metadata:
    counted = {"cpu_s": cost * 250e-9, "wall_s": 1.0, "vcpus": 1, "events_handled": 250}
    counters = {f"kbench_counter_{name}": value for name, value in counted.items()}
    return lab_run(count, **counters, kbench_counter_waited_s=0, kbench_counter_progress=1.0)


def picture(folder: Path, **policies: tuple[int, int]) -> Picture:
    """The trade-off of policies by cost and wake-up, "_" in their names being a dash."""
    rows = {
        f"idle.tick250@{name.replace('_', '-')}": [run(*figures)]
        for name, figures in policies.items()
    }
    made = content(build([write(folder / "a.json", rows, **LAB)]))
    (found,) = [p for p in made.sections[0].pictures if p.name.startswith("tradeoff")]
    return found


def rows_of(folder: Path, **policies: tuple[int, int]) -> list[Dots]:
    runs = {f"idle.tick250@{n.replace('_', '-')}": [run(*f)] for n, f in policies.items()}
    model = build([write(folder / "a.json", runs, **LAB)])
    (place,) = model.places
    panels = (spanned(EVENT, "cost", place), spanned(LATENCY, "wake", place), tail("p99"))
    return dots(model.entries, panels)[0]


def test_level_policies_of_one_instruction_share_a_row(tmp_path: Path) -> None:
    found = rows_of(
        tmp_path, hlt=(9_000, 8_000), hlt_poll_50us=(9_050, 8_000), mwait_nop=(9_000, 8_000)
    )
    assert [row.names for row in found] == [("hlt", "hlt-poll-50us"), ("mwait-nop",)]
    assert found[0].label == "hlt, hlt-poll-50us"


def test_a_label_leaves_room_for_three_panels() -> None:
    """On a page of 72 rem; what is left out is counted."""
    names = ("mwait-exit", "mwait-resched", "mwait-nop", "mwait-step")
    assert Dots(names, "mwait", True, ()).label == "mwait-exit +3"
    assert Dots(("hlt", "pause", "spin"), "hlt", False, ()).label == "hlt, pause, spin"


def test_rows_stand_by_cost_in_all_panels(tmp_path: Path) -> None:
    found = picture(tmp_path, mwait_sleep=(60_000, 7_000), hlt=(9_000, 8_000))
    (view, _) = found.views
    labels = []
    for panel in view.panels:
        layers = panel.to_dict(validate=False)["layer"]
        texts = [row for layer in layers[-2:] for row in layer["data"]["values"]]
        labels.append([row["text"] for row in sorted(texts, key=lambda row: row["row"])])
    assert labels == [["hlt", "mwait-sleep"]] * 3


def test_both_axes_follow_the_scale(tmp_path: Path) -> None:
    found = picture(tmp_path, mwait_sleep=(60_000, 7_000), hlt=(9_000, 8_000))
    for view in found.views:
        kinds = [
            panel.to_dict(validate=False)["layer"][-3]["encoding"]["x"]["scale"].get("type")
            for panel in view.panels
        ]
        assert kinds == [{"log": "log", "linear": None}[view.options[1]]] * 3


def test_a_figure_without_support_has_no_mark(tmp_path: Path) -> None:
    """The wake-ups of a device's events say nothing of a vCPU that spins on the waker's pCPU."""
    runs = {f"idle.poisson@{name}": [run(9_000, 8_000)] for name in ("hlt", "spin")}
    model = build([write(tmp_path / "a.json", runs, **LAB)])
    (place,) = model.places
    found, _ = dots(model.entries, (spanned(LATENCY, "wake", place),))
    assert [row.names for row in found] == [("hlt",)]


def test_at_most_a_dozen_rows_and_the_extension_stays(tmp_path: Path) -> None:
    model = build([write(tmp_path / "a.json", {"idle.tick250@hlt": [run(9, 9)]}, **LAB)])
    names = [f"hlt-poll-{us}us" for us in range(10, 30)] + ["mwait-monitor"]
    runs = {f"idle.tick250@{name}": [run(10**n, 9)] for n, name in enumerate(names)}
    model = build([write(tmp_path / "b.json", runs, **LAB)])
    (place,) = model.places
    panel = spanned(EVENT, "cost", place)
    found, out = dots(model.entries, (panel,))
    assert len(found) == MOST and out == len(names) - MOST
    assert "mwait-monitor" in found[-1].names and found[-1].extended
    assert len(charts(found, (panel,), place, "log")) == 1


def test_ranges_that_overlap_are_level() -> None:
    a, b, c = Span(10, 9, 12, ""), Span(11.5, 11, 13, ""), Span(20, 19, 21, "")
    assert a.level(b) and not a.level(c)
