# SPDX-License-Identifier: MIT
"""Every JSON that kbench prints is what its schema in kbench/schemas/ says."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.docs import ROOT
from support.explained import exit_tree, explanation
from support.suites import STOPPED, host_run, lab_run, noisy, write

from kbench.cli._app import run
from kbench.cli._exit import code
from kbench.doctor import fleet
from kbench.doctor.disturbances import Check
from kbench.doctor.fleet import Examined
from kbench.judge import history
from kbench.judge.selftest import Level, Report
from kbench.present import difference
from kbench.present import explanation as explained
from kbench.present.selftest import makers

DATA = ROOT / "tests" / "data"
RFC = ROOT / "reports" / "rfc-idle" / "suites"
SCHEMAS = resources.files("kbench") / "schemas"


def schema(name: str) -> Any:
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


def check(name: str, text: str) -> Any:
    """The document, held to its schema."""
    document = json.loads(text)
    jsonschema.Draft202012Validator(
        schema(name), format_checker=jsonschema.FormatChecker()
    ).validate(document)
    return document


Printed = Callable[..., str]


@pytest.fixture
def printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Printed:
    """What a command prints as JSON, in this process: a start of each would take longer."""
    monkeypatch.chdir(tmp_path)

    def call(*words: object, status: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["kbench", *map(str, words), "--format", "json"])
        ended = code(run)
        out, err = capsys.readouterr()
        assert ended == status, err
        return out

    return call


@pytest.mark.parametrize("file", sorted(ROOT.glob("kbench/schemas/*.json")), ids=lambda f: f.name)
def test_a_schema_is_one_and_is_documented(file: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(file.read_text()))
    assert (SCHEMAS / file.name).is_file(), "it is in the package"
    assert file.name in (ROOT / "docs" / "json.md").read_text()


def test_show(printed: Printed) -> None:
    for suite in (DATA / "host-a.json", DATA / "lab-pio.json", RFC / "host.json"):
        found = check("show", printed("show", suite))["benchmarks"]
    assert any(row["batch"] for row in found) and any(row["idle"] for row in found)
    assert any(row["stages"] for row in found)


def test_show_of_a_run_that_stopped(tmp_path: Path, printed: Printed) -> None:
    write(tmp_path / "a.json", {"exit.a": [host_run(6e-6, **STOPPED)]})
    (row,) = check("show", printed("show", tmp_path / "a.json"))["benchmarks"]
    (outlier,) = row["outliers"]
    assert outlier["pcpus"] == [1, 0] and outlier["trace"][1]["event"] == "sched_switch"


def test_compare_and_gate(tmp_path: Path, printed: Printed) -> None:
    write(tmp_path / "a.json", {"exit.a": noisy(6e-6, 20, 1), "exit.b": noisy(6e-6, 20, 1)})
    void = [host_run(6e-6, kbench_void="migrated")] * 20
    write(tmp_path / "b.json", {"exit.a": noisy(7e-6, 3, 2), "exit.b": void})
    found = check("compare", printed("compare", tmp_path / "a.json", tmp_path / "b.json"))
    assert "gate" not in found and found["comparisons"][0]["voids"]
    words = ("gate", DATA / "lab-pio.json", DATA / "lab-pio-nop.json", "--margin", "0")
    assert check("compare", printed(*words, status=1))["gate"]["exit_code"] == 1


def test_history(tmp_path: Path, printed: Printed) -> None:
    for number, count in enumerate((3021, 3021, 3060)):
        write(tmp_path / "s.json", {"exit.a": [lab_run(count, kbench_target="lab")]})
        day = datetime(2026, 1, 1 + number, tzinfo=UTC)
        history.add(tmp_path / "h", tmp_path / "s.json", f"c{number}", day)
    found = check("history", printed("history", "show", tmp_path / "h"))
    assert any(row["shifts"] for row in found["series"])


def test_list_and_doctor(printed: Printed) -> None:
    check("list", printed("list", "floor", "wake.irqfd@hlt"))
    check("doctor", printed("doctor"))


def test_truth(printed: Printed) -> None:
    check("truth", printed("truth", ROOT / "reports" / "mp-state" / "lab-6.1-stock.json"))


def test_self_test() -> None:
    report = Report("exit.a", 20, 20, 1, 0, 0.95, 0.0, (Level(0.05, 0.06, 0.9),), None, 40.0)
    check("selftest", makers(report, 80)["json"]())


def test_explain() -> None:
    check("explain", json.dumps(explained.data(explanation(exit_tree()))))


def test_explain_against() -> None:
    sides = explanation(exit_tree()), explanation(exit_tree(handler=303, syscall=99))
    found = check("explain-against", difference.makers(*sides, 80)["json"]())
    assert found["functions"] and found["paths"]


def test_cluster() -> None:
    member = pytest.importorskip("kbench.fleet.member")
    own = member.Member(
        address="tcp://10.0.0.2:1", machine="node1", cpus=2, labels={"kbench": "0.2.0 (0)"},
        labs=2, lab_reason="", kvm_reason="no /dev/kvm", facts={"kbench_load": 1.5},
    )  # fmt: skip
    examined = Examined(own, "", (Check("load", "1.5", "it competes", "stop it"),))
    check("cluster", fleet.as_json("tcp://10.0.0.1:8786", [examined]))


def test_another_key_is_refused(printed: Printed) -> None:
    document = json.loads(printed("show", DATA / "lab-pio.json"))
    document["benchmarks"][0]["minimum"] = 1
    with pytest.raises(jsonschema.ValidationError):
        check("show", json.dumps(document))
