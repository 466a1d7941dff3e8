# SPDX-License-Identifier: MIT
"""Stored lab suites that support every sentence of the RFC's thread, to be edited by tests."""

from collections.abc import Callable, Mapping
from pathlib import Path

from support.suites import LAB, Metadata, lab_run, write

from kbench.answers.rfc.lab import MECHANISMS
from kbench.catalogue import mpstate
from kbench.catalogue.mpstate import TRUTH
from kbench.suite.load import load
from kbench.suite.suite import Suite

Rows = dict[str, list[Metadata]]
Edit = Callable[[Rows], None]
KERNELS = {"6.1": "6.1.192-test", "6.12": "6.12.95-test"}
WINDOWS = 10


def window(count: int, number: int, **counters: float) -> Metadata:
    """One of ten windows: wake-ups of about `count` instructions, and counters."""
    named = {f"kbench_counter_{name}": value for name, value in counters.items()}
    return lab_run(count + number, kbench_phases=WINDOWS, kbench_waker_pcpu="shared", **named)


def idle(cost: int, count: int = 9000, **more: float) -> list[Metadata]:
    """Windows of 100 events at the planned rate of `idle.poisson`; `cost` instructions an event."""
    counters = {
        "events_handled": 100,
        "wall_s": 0.1,
        "vcpus": 1,
        "waited_s": 0,
        "kvm_exits": 300,
        "nvcsw": 100,
        "nivcsw": 0,
        **more,
    }
    return [
        window(count, number, cpu_s=(cost + number) * 1e-7, **counters)
        | {"kbench_cpu_per_round": 2 * (cost + number), "kbench_pcpu_per_event": 2 * cost + number}
        for number in range(WINDOWS)
    ]


def work(item: int, competitor: float = 0.5, **marks: str) -> list[Metadata]:
    """Windows in which the VMM completes an item of work every `item` instructions."""
    return [
        {
            **window(9000, n, work_per_s=1e9 / (item + n), competitor_share=competitor + n / 1e4),
            **marks,
        }
        for n in range(WINDOWS)
    ]


def wakes(count: int) -> list[Metadata]:
    return [window(count, number) for number in range(WINDOWS)]


def hunts(count: int, hits: int, **counters: float) -> list[Metadata]:
    """Windows of 200 hunts each, of which `hits` find an idle vCPU."""
    return [window(count, number, hunts_found=hits, **counters) for number in range(WINDOWS)]


def everything() -> Rows:
    """What the variant "all" has of one kernel."""
    policies = {"mwait-nop": 999_000, "mwait-yield": 999_000, "mwait-exit": 998_000}
    policies |= {"mwait-lowprio": 998_000, "mwait-sleep": 60_000, "mwait-monitor": 7_000}
    policies |= {"hlt": 6_000, "hlt-exit": 7_500, "hlt-exit-poll": 8_500, "hlt-user": 9_000}
    policies |= {"hlt-native": 999_000, "hlt-passthrough": 999_000}
    items = {"hlt": 25_600, "mwait-nop": 49_000, "mwait-yield": 26_000, "mwait-resched": 49_000}
    items |= {"mwait-exit": 26_300, "mwait-sleep": 30_000, "mwait-lowprio": 25_900}
    items |= {"mwait-monitor": 25_700}
    each: Metadata = {"kbench_per_instruction_min": 2568}
    return {
        **{f"idle.poisson@{name}": idle(cost) for name, cost in policies.items()},
        **{f"idle.tick250@{name}": idle(cost) for name, cost in policies.items()},
        **{f"work.batch@{name}": work(item) for name, item in items.items()},
        "work.batch_parted@mwait-nop": work(49_000, kbench_cgroup="each"),
        "work.batch_parted@mwait-yield": work(49_001, kbench_cgroup="each"),
        "work.batch_slice1@mwait-exit": work(27_000),
        "work.competitor@mwait-nop": work(50_000, 0.33),
        "work.competitor@mwait-exit": work(50_000, 0.5),
        "wake.irqfd@hlt": wakes(10_400),
        "wake.irqfd@hlt-exit": wakes(10_600),
        "wake.irqfd@hlt-exit-poll": wakes(12_400),
        "wake.irqfd@mwait-monitor": wakes(9_600),
        "wake.irqfd@mwait-sleep": wakes(9_800),
        "wake.store@mwait-monitor": [lab_run(7_000)],
        "wake.store_beside@mwait-monitor": [lab_run(6_000)],
        "wake.store_beside@mwait-nop": [lab_run(300, kbench_waker_pcpu="shared")],
        "exit.pio_out": [lab_run(3053)],
        "exit.mwait_user": [lab_run(4234)],
        "inkernel.mwait@nop": [lab_run(260_000, **each)],
        "inkernel.pio_out@elcr": [lab_run(131_000, kbench_per_instruction_min=1308)],
        "wake.irqfd_20us@hlt": [lab_run(9_400)],
        "wake.irqfd_2000us@hlt": [lab_run(9_500)],
        "wake.irqfd_50000us@hlt": [lab_run(9_900)],
        "floor.waker": [lab_run(3_500, kbench_pcpu_per_event=8_700)],
        "mpstate.right@poll": [lab_run(2125)],
        "mpstate.right@byte": [lab_run(1358)],
        "mpstate.right@kick": [lab_run(7465)],
        "hunt.flag@hlt": hunts(11_250, 200),
        "hunt.kick@hlt": hunts(11_500, 0),
        "hunt.flag@mwait-nop": hunts(9_000, 0),
        "hunt.flag@mwait-step": hunts(9_000, 200),
        "hunt.ask_2busy@hlt/4": hunts(9_000, 200, hunts=200, hunt_signals=40),
        "hunt.kick_2busy@hlt/4": hunts(9_000, 100, hunts=200, hunt_signals=200),
        "vtl.enter_idle@poll": [lab_run(8_000)],
        "vtl.enter_idle@device": [lab_run(7_000)],
        "vtl.return_state@kick": [lab_run(9_925)],
        "vtl.enter@kick": [lab_run(19_279)],
        "vtl.enter@eventfd": [lab_run(19_151)],
        "vtl.enter@poll": [lab_run(19_071)],
        "vtl.enter_stimer@eventfd": [lab_run(16_831)],
        "vtl.enter_stimer@poll": [lab_run(23_887)],
        "vtl.return@kick": [lab_run(2_925)],
    }


def suites(folder: Path, *edits: Edit, only: str = "") -> list[Suite]:
    """Suites of two kernels with all variants, read back from files.

    `edits` change those of the kernel `only`, or of both.
    """
    found = []
    for release, kernel in KERNELS.items():
        for variant, rows in variants().items():
            for edit in edits:
                if only in ("", release):
                    edit(rows)
            about = {**LAB, "kbench_kernel": kernel, "kbench_extension": variant}
            path = folder / f"{release}-{variant}.json"
            found.append(load(write(path, rows, **about)))
    return found


def truths() -> Rows:
    """What each look shows of each event: as KVM does it."""
    found = {}
    for event in TRUTH:
        get = {"pv_kick": "right", "init": "changes", "sipi": "changes"}.get(event, "stale")
        seen = "changes" if event in ("sipi", "pv_kick") else "right"
        marks = {"kbench_truth_get": get, "kbench_truth_set": seen}
        found[mpstate.truth(event).name] = [lab_run(959, **marks)]
    return found


def variants() -> Mapping[str, Rows]:
    return {
        "all": everything(),
        "stock": {"exit.pio_out": [lab_run(3047)], **truths()},
        "rfc-v1": {"exit.pio_out": [lab_run(3049)]},
        **{name: {"exit.pio_out": [lab_run(3048 + n)]} for n, name in enumerate(MECHANISMS)},
    }


def without(name: str) -> Edit:
    """Take a benchmark out."""

    def edit(rows: Rows) -> None:
        if len(rows) > 1:
            rows.pop(name, None)

    return edit


def replaced(name: str, runs: list[Metadata]) -> Edit:
    """Put other runs in the place of a benchmark's."""

    def edit(rows: Rows) -> None:
        if name in rows:
            rows[name] = runs

    return edit


def marked(name: str, **metadata: str | float) -> Edit:
    """Set metadata of every run of a benchmark."""

    def edit(rows: Rows) -> None:
        rows.update({n: [run | metadata for run in runs] for n, runs in rows.items() if n == name})

    return edit


def unmarked(name: str, key: str) -> Edit:
    """Take metadata out of every run of a benchmark."""

    def edit(rows: Rows) -> None:
        for run in rows.get(name, []):
            run.pop(key, None)

    return edit
