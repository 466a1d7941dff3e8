# SPDX-License-Identifier: MIT
"""Each sentence on the RFC's thread has premises; when one fails, the sentence changes."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from answers.rfc.labs import (
    Edit,
    Rows,
    hunts,
    idle,
    marked,
    replaced,
    suites,
    unmarked,
    variants,
    wakes,
    without,
    work,
)
from support.suites import Metadata, encoded, lab_run

from kbench.answers.rfc.questions import SENTENCES, answer

NO = "Not answered"
RUNS_AT = {"kbench_counter_events_handled": 66.0}  # of 100 that the pattern plans
ELSEWHERE = {"kbench_event_source": "vmm-timer"}
OTHER_KERNEL = {"kbench_kernel": "6.2.0-test"}
OTHER_ACCOUNT = {"kbench_cpu_account": "vcpu+work"}
OTHER_PLACE: Metadata = {"kbench_backend": "vmx-bochs"}
FEW = [{**run, "kbench_count": 9, "kbench_hdr": encoded(9000, 0, 9)} for run in work(27_000)]

SCOPE = {"source", "cgroup", "account", "kernel", "place"}
"""Names of cases in which two rows differ in what they cover."""
ONE_ROW = {"quirk", "flag-mwait", "flag-step", "monitored"}
"""Sentences with the figure of a single row: nothing to be read against it."""


def varying(first: int, step: int) -> list[Metadata]:
    """Windows with more and more exits: first, first + step ... of 100 events."""
    runs = idle(999_000)
    return [run | {"kbench_counter_kvm_exits": first + step * n} for n, run in enumerate(runs)]


def one_window(name: str, **metadata: str | int | float) -> Edit:
    """Set metadata of a benchmark's first run alone."""

    def edit(rows: Rows) -> None:
        if name in rows:
            rows[name][0] = rows[name][0] | metadata

    return edit


def around(count: int, beyond: int) -> list[Metadata]:
    """Windows of about `count`, and one of `beyond`."""
    return [*wakes(count)[1:], *wakes(beyond)[:1]]


def elsewhere(rows: Rows) -> None:
    """Stock KVM measured at another place than the variants that stand against it."""
    if rows == variants()["stock"]:
        rows["exit.pio_out"] = [run | OTHER_PLACE for run in rows["exit.pio_out"]]


def one_length(rows: Rows) -> None:
    for us in (2000, 50000):
        rows.pop(f"wake.irqfd_{us}us@hlt", None)


def without_truth(rows: Rows) -> None:
    rows.pop("mpstate.truth@nmi", None)


def both_parted(rows: Rows) -> None:
    for policy in ("nop", "exit"):
        marked(f"work.competitor@mwait-{policy}", kbench_cgroup="each")(rows)


# By sentence: the edit of the suites that fails a premise, and what the sentence then says.
CASES: Mapping[str, list[tuple[str, Edit, str]]] = {
    "nop": [
        ("missing", without("work.batch@hlt"), f"{NO} (nop): work.batch@hlt was not measured"),
        ("level", replaced("work.batch@hlt", work(49_001)), "nothing tells work.batch@hlt and"),
        ("cgroup", marked("work.batch@hlt", kbench_cgroup="each"), "the cgroups of their threads"),
        ("void", marked("work.batch@hlt", kbench_void="stolen"), "every run of work.batch@hlt is"),
        ("nothing done", marked("work.batch@hlt", kbench_counter_work_per_s=0), "no item of work"),
    ],
    "yield": [
        (
            "level",
            replaced("work.batch@mwait-yield", work(49_001)),
            "on 6.12 (EEVDF) nothing tells it from the NOP: an item takes 49,001 to 49,010",
        ),
        (
            "dearer",
            replaced("work.batch@mwait-yield", work(60_000)),
            "on 6.12 (EEVDF) an item takes 60,004, beside the NOP 49,004",
        ),
        ("source", marked("work.batch@mwait-yield", **ELSEWHERE), "what fires their events"),
        ("account", marked("work.batch@mwait-nop", **OTHER_ACCOUNT), "whose CPU time they count"),
        ("missing", without("work.batch@mwait-yield"), "work.batch@mwait-yield was not measured"),
    ],
    "yield-cgroups": [
        (
            "missing",
            without("work.batch_parted@mwait-yield"),
            "it is not answered: work.batch@mwait-yield was not",
        ),
        (
            "apart",
            replaced("work.batch_parted@mwait-yield", work(26_000, kbench_cgroup="each")),
            "the two differ on 6.12 and 6.1",
        ),
        (
            "source",
            marked("work.batch_parted@mwait-yield", **ELSEWHERE),
            "With a cgroup each it is not answered: work.batch_parted@mwait-nop and",
        ),
    ],
    "in-thread": [
        ("missing", without("work.batch@mwait-exit"), NO),
        ("cgroup", marked("work.batch@mwait-exit", kbench_cgroup="each"), "the cgroups of their"),
        (
            "level",
            replaced("work.batch@mwait-exit", work(49_001)),
            "nothing tells work.batch@mwait-ex",
        ),
    ],
    "mwait-exit": [
        ("missing", without("inkernel.mwait@nop"), NO),
        ("not exact", marked("exit.mwait_user", kbench_min=4000), "do not have one count"),
        ("kernel", marked("inkernel.mwait@nop", **OTHER_KERNEL), "differ in the kernel"),
        ("void", marked("exit.mwait_user", kbench_void="stolen"), "every run of exit.mwait_user"),
        ("cheaper", replaced("exit.mwait_user", [lab_run(2000)]), "takes no more than"),
    ],
    "idle-round": [
        ("missing", without("idle.poisson@mwait-yield"), NO),
        ("source", marked("idle.poisson@mwait-exit", **ELSEWHERE), "what fires their events"),
        ("account", marked("idle.poisson@mwait-exit", **OTHER_ACCOUNT), "whose CPU time"),
        (
            "level",
            replaced("idle.poisson@mwait-yield", idle(998_999)),
            "1,998,007 (level with 1,998,009) while it is a yield()",
        ),
        ("no round", replaced("idle.poisson@mwait-nop", wakes(9_000)), "have no cpu_per_round"),
    ],
    "port-write": [
        ("missing", without("inkernel.pio_out@elcr"), NO),
        ("not exact", marked("exit.pio_out", kbench_min=3000), "do not have one count"),
        ("kernel", marked("inkernel.pio_out@elcr", **OTHER_KERNEL), "differ in the kernel"),
    ],
    "unused": [
        ("not exact", marked("exit.pio_out", kbench_min=3000), "do not have one count"),
        ("place", elsewhere, "differ in where they were measured"),
    ],
    "alone": [
        ("not exact", marked("exit.pio_out", kbench_min=3000), "do not have one count"),
        ("place", elsewhere, "differ in where they were measured"),
        ("level", replaced("exit.pio_out", [lab_run(3047)]), "of a PIO exit by +0."),
    ],
    "posted": [
        ("not exact", marked("exit.pio_out", kbench_min=3000), "do not have one count"),
        ("place", elsewhere, "differ in where they were measured"),
    ],
    "chosen": [
        (
            "rate",
            marked("idle.poisson@hlt-native", **RUNS_AT),
            "660 events in 10^9 ns, its pattern",
        ),
        ("missing", without("idle.poisson@hlt-native"), NO),
        ("source", marked("idle.poisson@hlt", **ELSEWHERE), "what fires their events"),
        (
            "level",
            replaced("idle.poisson@hlt-passthrough", varying(300, 6)),
            "3.3 (level with 3.0) where KVM_CAP_X86_DISABLE_EXITS does",
        ),
    ],
    "idle-cost": [
        ("rate", marked("idle.poisson@hlt", **RUNS_AT), "660 events in 10^9 ns, its pattern plans"),
        ("source", marked("idle.poisson@mwait-sleep", **ELSEWHERE), "under mwait-monitor, 6,004"),
        (
            "a policy spins",
            replaced("idle.poisson@hlt", idle(999_000)),
            "under mwait-monitor, 7,504",
        ),
    ],
    "never-blocks": [
        ("rate", marked("idle.poisson@mwait-nop", **RUNS_AT), "660 events in 10^9 ns"),
        ("source", marked("idle.poisson@mwait-nop", kbench_void="stolen"), "Under mwait-exit"),
        (
            "blocks",
            replaced("idle.poisson@mwait-nop", idle(5_000)),
            "Under mwait-exit, mwait-yield",
        ),
    ],
    "idle-least": [
        (
            "level",
            replaced("idle.poisson@mwait-monitor", idle(6_001)),
            "hlt and mwait-monitor take",
        ),
        ("source", marked("idle.poisson@hlt", **ELSEWHERE), "mwait-monitor takes the fewest"),
    ],
    "userspace-halt": [
        ("rate", marked("idle.poisson@hlt-user", **RUNS_AT), "660 events in 10^9 ns"),
        ("no event", marked("idle.poisson@hlt", kbench_counter_events_handled=0), NO),
        ("account", marked("idle.poisson@hlt-user", **OTHER_ACCOUNT), "whose CPU time they count"),
    ],
    "wakes-first": [
        (
            "level",
            replaced("wake.irqfd@mwait-sleep", wakes(9_601)),
            "mwait-monitor and mwait-sleep wake soonest and are level",
        ),
        (
            "source",
            marked("wake.irqfd@mwait-monitor", **ELSEWHERE),
            "; not compared: mwait-monitor (what fires their events)",
        ),
        ("no latency", marked("wake.irqfd@hlt", kbench_no_latency="shared"), f"{NO} (wakes-first)"),
    ],
    "mp-state": [
        ("missing", without("mpstate.right@poll"), NO),
        ("kernel", marked("mpstate.right@byte", **OTHER_KERNEL), "differ in the kernel"),
        ("same", replaced("mpstate.right@byte", [lab_run(2_125)]), "mp_state in kvm_run the same"),
        ("level", replaced("mpstate.right@byte", around(2_000, 2_200)), "(level with 2,125)"),
        (
            "GET is right",
            lambda rows: rows.update({"mpstate.right@get": [lab_run(5000)]}),
            "The interrupt of a vCPU halted outside KVM_RUN: poll(2)",
        ),
    ],
    "mp-state-truth": [
        ("missing", without_truth, "mpstate.truth@nmi was not measured"),
        ("void", marked("mpstate.truth@msi", kbench_void="stolen"), "every run of mpstate.truth"),
        ("edited", marked("mpstate.truth@msi", kbench_truth_get="right"), "right with MSI and PV"),
        ("not said", unmarked("mpstate.truth@msi", "kbench_truth_get"), "do not say what get"),
        ("kernel", marked("mpstate.truth@init", **OTHER_KERNEL), "differ in the kernel"),
    ],
    "whole-pcpu": [
        ("missing", without("floor.waker"), NO),
        ("rate", marked("idle.poisson@hlt", **RUNS_AT), "660 events in 10^9 ns"),
        ("kernel", marked("floor.waker", **OTHER_KERNEL), "differ in the kernel"),
        ("account", marked("idle.poisson@hlt", **OTHER_ACCOUNT), "whose CPU time they count"),
        ("level", marked("floor.waker", kbench_pcpu_per_event=12_004), "nothing tells the pCPU"),
        ("less", marked("idle.poisson@hlt", kbench_pcpu_per_event=5_000), "was idle while its"),
        ("not counted", unmarked("idle.poisson@hlt", "kbench_pcpu_per_event"), "no pcpu_per_event"),
    ],
    "idle-length": [
        ("missing", without("wake.irqfd_50000us@hlt"), "9,500 after 2,000,000"),
        ("one length", one_length, "was not measured for two lengths"),
        ("kernel", marked("wake.irqfd_50000us@hlt", **OTHER_KERNEL), "differ in the kernel"),
        (
            "level",
            replaced("wake.irqfd_50000us@hlt", around(9_000, 9_600)),
            "(level with 9,400) after 50,000,000",
        ),
    ],
    "quirk": [
        ("missing", without("mpstate.right@kick"), NO),
        ("void", marked("mpstate.right@kick", kbench_void="stolen"), "every run of mpstate.right"),
    ],
    "poll": [
        (
            "level",
            replaced("wake.irqfd@hlt-exit-poll", wakes(10_401)),
            "nothing tells the two apart",
        ),
        ("source", marked("wake.irqfd@hlt", **ELSEWHERE), "what fires their events"),
    ],
    "flag-hlt": [
        (
            "finds some",
            replaced("hunt.flag@hlt", hunts(11_250, 150)),
            "1,500 of 2,000 hunts find, by",
        ),
        (
            "finds none",
            replaced("hunt.flag@hlt", hunts(11_250, 0)),
            "0 of 2,000 hunts find, by its",
        ),
        ("level", replaced("hunt.flag@hlt", hunts(11_501, 200)), "nothing tells the two apart"),
        ("not counted", replaced("hunt.flag@hlt", wakes(11_250)), "have no counter hunts_found"),
        ("kernel", marked("hunt.kick@hlt", **OTHER_KERNEL), "differ in the kernel"),
    ],
    "flag-mwait": [
        ("finds all", replaced("hunt.flag@mwait-nop", hunts(9_000, 200)), "2,000 of 2,000 hunts"),
        ("missing", without("hunt.flag@mwait-nop"), NO),
    ],
    "vtl-enter": [
        ("missing", without("vtl.enter@poll"), NO),
        ("kernel", marked("vtl.enter@poll", **OTHER_KERNEL), "differ in the kernel"),
        (
            "level",
            replaced("vtl.enter@eventfd", around(19_100, 19_400)),
            "(level with 19,279) where",
        ),
    ],
    "vtl-idle": [
        ("missing", without("vtl.enter_idle@device"), NO),
        ("kernel", marked("vtl.enter_idle@device", **OTHER_KERNEL), "differ in the kernel"),
        ("level", replaced("vtl.enter_idle@device", wakes(7_995)), "(level with 8,000) where it"),
    ],
    "vtl-timer": [
        ("missing", without("vtl.enter_stimer@poll"), NO),
        ("kernel", marked("vtl.enter_stimer@poll", **OTHER_KERNEL), "differ in the kernel"),
        ("level", replaced("vtl.enter_stimer@poll", around(16_700, 16_900)), "(level with 16,831)"),
    ],
    "vtl-state": [
        ("missing", without("vtl.return_state@kick"), NO),
        ("kernel", marked("vtl.return_state@kick", **OTHER_KERNEL), "differ in the kernel"),
        (
            "level",
            replaced("vtl.return_state@kick", around(2_900, 2_950)),
            "(level with 2,925) where",
        ),
    ],
    "flag-step": [
        ("finds few", replaced("hunt.flag@mwait-step", hunts(9_000, 3)), "30 of 2,000 hunts find"),
        ("missing", without("hunt.flag@mwait-step"), NO),
    ],
    "flag-asks": [
        ("missing", without("hunt.kick_2busy@hlt/4"), NO),
        ("not counted", replaced("hunt.ask_2busy@hlt/4", wakes(9_000)), "have no counter"),
        ("kernel", marked("hunt.ask_2busy@hlt/4", **OTHER_KERNEL), "differ in the kernel"),
        ("none", marked("hunt.ask_2busy@hlt/4", kbench_counter_hunts=0), "nothing was hunted"),
        (
            "level",
            one_window("hunt.kick_2busy@hlt/4", kbench_counter_hunt_signals=40),
            "sends 0.2 signals a hunt, 1.0 (level with 0.2) where it does not look",
        ),
    ],
    "slices": [
        ("missing", without("work.batch_slice1@mwait-exit"), NO),
        ("few", replaced("work.batch_slice1@mwait-exit", FEW), "p90 of 9 events is their"),
        ("cgroup", marked("work.batch_slice1@mwait-exit", kbench_cgroup="each"), "the cgroups of"),
        ("source", marked("work.batch_slice1@mwait-exit", **ELSEWHERE), "what fires their"),
        (
            "level",
            replaced("work.batch_slice1@mwait-exit", work(26_305)),
            "26,304 (level with 26,310) in slices of 8;",
        ),
        (
            "level wake-ups",
            one_window("work.batch_slice1@mwait-exit", kbench_p90=20_000, kbench_max=20_000),
            "a p90 of 9,006 and 9,004 (level with 9,006)",
        ),
    ],
    "shared-page": [
        ("missing", without("wake.store_beside@mwait-nop"), NO),
        ("kernel", marked("wake.store_beside@mwait-nop", **OTHER_KERNEL), "differ in the kernel"),
        ("level", replaced("wake.store_beside@mwait-nop", wakes(5_995)), "(level with 6,000) wher"),
    ],
    "leaves-most": [
        (
            "level",
            replaced("work.batch@mwait-yield", work(25_701)),
            "mwait-monitor and mwait-yield leave a VMM thread most and are level",
        ),
        (
            "cgroup",
            marked("work.batch@mwait-monitor", kbench_cgroup="each"),
            "mwait-lowprio leaves",
        ),
        (
            "few",
            replaced("work.batch@mwait-yield", work(30_000)[:2]),
            "mwait-yield leave a VMM thread most",
        ),
    ],
    "competitor": [
        ("level", replaced("work.competitor@mwait-exit", work(50_000, 0.3301)), "nothing tells"),
        ("cgroup", marked("work.competitor@mwait-exit", kbench_cgroup="each"), "the cgroups of"),
        ("source", marked("work.competitor@mwait-exit", **ELSEWHERE), "what fires their events"),
        ("parted", both_parted, "the competing task has a cgroup of its own"),
        ("missing", without("work.competitor@mwait-exit"), NO),
    ],
    "monitored": [
        ("missing", without("wake.store@mwait-monitor"), NO),
        ("no wake-up", marked("wake.store@mwait-monitor", kbench_no_latency="spins"), "spins"),
    ],
}
EACH = [(name, *case) for name, cases in CASES.items() for case in cases]


def test_every_sentence_has_a_case() -> None:
    assert set(CASES) == set(SENTENCES)
    for name, cases in CASES.items():
        premises = {premise for premise, _, _ in cases}
        assert premises - {"missing"}, name
        assert name in ONE_ROW or premises & SCOPE, name


@pytest.mark.parametrize("name", SENTENCES)
def test_a_suite_with_everything_supports_it(tmp_path: Path, name: str) -> None:
    text = answer(name, suites(tmp_path))
    assert not text.startswith(NO) and text.endswith("."), text


@pytest.mark.parametrize(
    ("name", "premise", "edit", "says"), EACH, ids=[f"{row[0]}-{row[1]}" for row in EACH]
)
def test_a_premise_that_fails_changes_it(
    tmp_path: Path, name: str, premise: str, edit: Edit, says: str
) -> None:
    before = answer(name, suites(tmp_path))
    after = answer(name, suites(tmp_path, edit))
    assert after != before and says in after, after


@pytest.mark.parametrize("name", SENTENCES)
def test_nothing_measured_supports_none(name: str) -> None:
    if name != "yield-cgroups":
        assert answer(name, []).startswith(NO)


def test_an_idle_period_before_another_source_is_none_of_irqfd_s(tmp_path: Path) -> None:
    def through_ioapic(rows: Rows) -> None:
        rows["wake.irqfd_ioapic_90000us@hlt"] = [lab_run(11_000)]

    assert "9,900 after 50,000,000 (" in answer("idle-length", suites(tmp_path, through_ioapic))


def test_two_suites_of_one_kernel_and_variant_answer_nothing(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    both = [*suites(tmp_path), *suites(tmp_path / "again")]
    assert "two suites are of Linux 6.1 with KVM variant all" in answer("unused", both)


def test_each_kernel_has_its_verdict(tmp_path: Path) -> None:
    level = replaced("work.batch@mwait-yield", work(49_001))
    text = answer("yield", suites(tmp_path, level, only="6.1"))
    assert "on 6.12 (EEVDF) an item takes 26,004, beside the NOP 49,004; on 6.1" in text
    assert "(CFS) nothing tells it from the NOP: an item takes 49,001 to 49,010 in single" in text


def test_an_older_kernel_that_says_the_same_is_not_repeated(tmp_path: Path) -> None:
    assert "6.1:" not in answer("vtl-state", suites(tmp_path))
    other = replaced("vtl.return_state@kick", [lab_run(9_723)])
    text = answer("vtl-state", suites(tmp_path, other, only="6.1"))
    assert "(6.1: 2,925 and 9,723)." in text
