# SPDX-License-Identifier: MIT
"""Wake-ups by the length of the idle period: rows, states, the curve."""

from pathlib import Path

from support.suites import LAB, Metadata, encoded, host_run, lab_run, write

from kbench.report.charts import length
from kbench.report.lengths import lengths, tables
from kbench.report.model import Model, build


def host(folder: Path, **states: float) -> Model:
    """Two lengths of two policies on a host, the longest first; C-state counters of each run."""
    counters: Metadata = {f"kbench_counter_cstate_{name}": n for name, n in states.items()}
    counters["kbench_counter_events_handled"] = 200
    rows = {
        f"wake.irqfd_{us}us@{policy}": [host_run(5e-6 + us * 1e-9) | counters for _ in range(3)]
        for us in (50_000, 20)
        for policy in ("hlt", "guest-haltpoll")
    }
    return build([write(folder / "host.json", rows)])


def test_each_policy_from_the_shortest_period_to_the_longest(tmp_path: Path) -> None:
    model = host(tmp_path)
    found = [(row.name, f"{row.idle}") for row in lengths(model, model.places[0])]
    assert found == [
        *(("irqfd@hlt", "20.0 us"), ("irqfd@hlt", "50.0 ms")),
        *(("irqfd@guest-haltpoll", "20.0 us"), ("irqfd@guest-haltpoll", "50.0 ms")),
    ]


def test_the_states_are_entries_for_each_event(tmp_path: Path) -> None:
    model = host(tmp_path, POLL=20, C1=180, C1_s=0.4)
    (table,) = tables(model, model.places[0])
    assert {row[-1] for row in table.rows} == {"C1 0.9, POLL 0.1"}


def test_no_state_was_entered(tmp_path: Path) -> None:
    model = host(tmp_path, POLL=0, C1=0)
    assert {row.states for row in lengths(model, model.places[0])} == {""}
    (picture,) = length.pictures(model, model.places[0])
    assert picture.caption.endswith("No idle state of the pCPU was counted.")


def test_the_curve_has_each_policy_and_its_p99_where_events_are_enough(tmp_path: Path) -> None:
    model = host(tmp_path)
    (picture,) = length.pictures(model, model.places[0])
    rows = picture.views[0].panels[0].to_dict(validate=False)["data"]["values"]
    names = ["irqfd@hlt", "irqfd@guest-haltpoll"]
    assert [key.label for key in picture.legend] == names
    assert {(row["series"], row["percentile"]) for row in rows} == {
        (name, percentile) for name in names for percentile in ("p50", "p99")
    }


def test_few_events_have_no_p99(tmp_path: Path) -> None:
    few: Metadata = {"kbench_count": 9, "kbench_hdr": encoded(9_000, 0, 9)}
    rows = {f"wake.irqfd_{us}us@hlt": [lab_run(9_000) | few] for us in (20, 50_000)}
    model = build([write(tmp_path / "lab.json", rows, **LAB)])
    assert {row.p99 for row in lengths(model, model.places[0])} == {None}


def test_other_sources_of_events_are_other_series(tmp_path: Path) -> None:
    rows = {
        f"wake.{event}_{us}us@hlt": [lab_run(9_000)]
        for event in ("irqfd", "timer")
        for us in (20, 50_000)
    }
    model = build([write(tmp_path / "lab.json", rows, **LAB)])
    (picture,) = length.pictures(model, model.places[0])
    assert [key.label for key in picture.legend] == ["irqfd@hlt", "timer@hlt"]


def test_in_the_lab_a_period_is_instructions(tmp_path: Path) -> None:
    rows = {f"wake.irqfd_{us}us@hlt": [lab_run(9_000)] for us in (20, 50_000)}
    model = build([write(tmp_path / "lab.json", rows, **LAB)])
    assert [f"{row.idle}" for row in lengths(model, model.places[0])] == ["20,000", "50,000,000"]


def test_one_length_is_no_curve(tmp_path: Path) -> None:
    model = build([write(tmp_path / "a.json", {"wake.irqfd_20us@hlt": [lab_run(9_000)]}, **LAB)])
    assert length.pictures(model, model.places[0]) == []
    assert tables(model, model.places[0]) == []
