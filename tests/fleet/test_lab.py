# SPDX-License-Identifier: MIT
"""The labs of a session on two workers: every benchmark once, a sample twice, nothing left."""

import pytest
from support.cli import wait_for
from support.fleet import CONTENTS, Blocking, PretendedLab, by_name, cluster, pretended, result

from kbench.errors import KbenchError
from kbench.fleet import fleet, labels, tasks
from kbench.kernels.errors import NoSpace
from kbench.lab.labs import LabResult
from kbench.lab.vm.qemu import installed

NAMES = [f"exit.b{number}" for number in range(60)]


def test_each_benchmark_once_and_a_sample_on_another_worker(address: str) -> None:
    lab = PretendedLab(lambda name, worker: result(name, 3000 + NAMES.index(name)))
    with pretended(address, lab, []) as labs:
        found = by_name(labs.measure_all(CONTENTS, NAMES, jobs=1, run_seconds=5.0))
    assert {name: each.counts.minimum for name, each in found.items() if each.counts} == {
        name: 3000 + number for number, name in enumerate(NAMES)
    }
    twice = {name for name in NAMES if sum(name == asked for asked, _ in lab.asked) > 1}
    assert len(twice) == 2, "2 % of 60, rounded up"
    for name in twice:
        assert len({worker for asked, worker in lab.asked if asked == name}) == 2
    assert len(lab.asked) == len(NAMES) + 2
    assert {worker for _, worker in lab.asked} == {0, 1}


def test_a_sample_that_differs_is_void_and_fails(address: str) -> None:
    lab = PretendedLab(lambda name, worker: result(name, 3000 + worker))
    found: list[LabResult] = []
    with pretended(address, lab, []) as labs:
        results = labs.measure_all(CONTENTS, NAMES[:3], jobs=1, run_seconds=5.0)
        with pytest.raises(KbenchError, match=r"counts differ between machines:\n +exit\.b"):
            found.extend(iter(lambda: next(results), None))
    void = [each for each in found if each.counts and each.counts.void]
    assert len(found) == 3 and len(void) == 1
    assert void[0].counts and "count differently" in void[0].counts.void


def test_a_skip_is_no_sample(address: str) -> None:
    lacking = dict.fromkeys(NAMES[:2], "this KVM lacks it")
    lab = PretendedLab(lambda name, worker: result(name, skipped=lacking.get(name, "")))
    with pretended(address, lab, []) as labs:
        found = by_name(labs.measure_all(CONTENTS, NAMES[:3], jobs=1, run_seconds=5.0))
    assert [found[name].skipped for name in NAMES[:2]] == ["this KVM lacks it"] * 2
    assert len(found) == 3


def test_a_failure_is_the_benchmarks_own(address: str) -> None:
    def answer(name: str, worker: int) -> LabResult:
        if name == NAMES[0]:
            raise NoSpace("no space left on the disk: make room there")
        return result(name)

    with pretended(address, PretendedLab(answer), []) as labs:
        found = by_name(labs.measure_all(CONTENTS, NAMES[:3], jobs=1, run_seconds=5.0))
    assert "no space left" in str(found[NAMES[0]].error)
    assert all(found[name].runs for name in NAMES[1:3])


def test_closing_ends_a_session_that_runs(address: str) -> None:
    lab = Blocking()
    with pretended(address, lab, []) as labs:
        results = labs.measure_all(CONTENTS, NAMES[:1], jobs=1, run_seconds=5.0)
        shards = iter(results)
        # What Ctrl-C does to whoever waits for the first result.
        with pytest.MonkeyPatch.context() as patch:

            def interrupted(*words: object) -> object:
                assert lab.begun.wait(30)
                raise KeyboardInterrupt

            patch.setattr("kbench.fleet.lab.wait", interrupted)
            with pytest.raises(KeyboardInterrupt):
                next(shards)
    wait_for(lab.killed.is_set, "the running session is killed")


def test_a_client_that_is_gone_leaves_no_session(address: str) -> None:
    lab = Blocking()
    with pretended(address, lab, []) as labs:
        labs._fleet.client.submit(
            tasks.count, *(labels.build(), 1, 2, "exit.hlt", 5.0), key="gone"
        ).add_done_callback(lambda future: None)
        assert lab.begun.wait(30)
    wait_for(lab.killed.is_set, "the session ends with its client")


def test_another_qemu_is_left_out_by_name(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with pretended(address, PretendedLab(lambda name, worker: result(name)), said) as labs:
        monkeypatch.setattr(installed, "find", lambda: installed.Qemu("qemu", "10.0.2"))
        with pytest.raises(KbenchError, match=r"no machine of .* can count"):
            next(labs.measure_all(CONTENTS, NAMES[:1], jobs=1, run_seconds=5.0))
    assert any("QEMU is 7.2.22 there and 10.0.2 here" in line for line in said)


def test_another_kbench_does_nothing(address: str) -> None:
    with pytest.raises(KbenchError, match=r"kbench is 0\.\S+ \(\w+\) there and 0.1.0 \(0\) here"):
        tasks.require_build("0.1.0 (0)")


def test_a_fleet_without_a_worker_says_how_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "COME_SECONDS", 0.2)
    with cluster(workers=0) as empty, pretended(empty, Blocking(), []) as labs:
        results = labs.measure_all(CONTENTS, NAMES[:1], jobs=1, run_seconds=5.0)
        with pytest.raises(KbenchError, match=r"has no worker: kbench worker inproc://"):
            next(results)
