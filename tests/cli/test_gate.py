# SPDX-License-Identifier: MIT
"""`kbench gate` and `kbench compare` as a build sees them: output, files and exit codes."""

import json
from pathlib import Path

import pytest
from support.cli import kbench
from support.suites import LAB, host_run, lab_run, noisy, write

from kbench.present import output


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write(tmp_path / "base.json", {"exit.a": noisy(6e-6, 20, 1), "exit.b": noisy(6e-6, 20, 2)})
    write(tmp_path / "same.json", {"exit.a": noisy(6e-6, 20, 3), "exit.b": noisy(6e-6, 20, 4)})
    write(tmp_path / "worse.json", {"exit.a": noisy(6e-6, 20, 5), "exit.b": noisy(7e-6, 20, 6)})
    write(tmp_path / "few.json", {"exit.a": noisy(6e-6, 3, 7)})
    write(tmp_path / "void.json", {"exit.a": [host_run(6e-6, kbench_void="migrated")] * 20})
    write(tmp_path / "lab.json", {"exit.a": [lab_run(3031, **LAB)]})
    write(tmp_path / "lab1.json", {"exit.a": [lab_run(3032, **LAB)]})
    (tmp_path / "bad.json").write_text('{"version": "1.0", "benchmarks": [')
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("same.json",), 0),
        (("worse.json",), 1),
        (("worse.json", "--margin", "40%"), 0),
        (("few.json",), 0),
        (("few.json", "--strict"), 3),
        (("void.json",), 2),
        (("bad.json",), 2),
        (("absent.json",), 2),
        (("lab.json",), 2),
        (("same.json", "--margin", "3"), 2),
        (("same.json", "--margin", "p51=3%"), 2),
    ],
)
def test_exit_codes(place: Path, words: tuple[str, ...], code: int) -> None:
    result = kbench("gate", "base.json", *words, cwd=place)
    assert result.status == code, result.out + result.err
    assert "Traceback" not in result.err
    if code == 2 and "void.json" not in words:
        assert result.err.startswith("kbench: ") and result.err.count("\n") == 1
        assert not result.out


def test_lab_gate(place: Path) -> None:
    within = kbench("gate", "lab.json", "lab1.json", cwd=place)
    assert within.status == 0, "one instruction is within the margin, and said all the same"
    assert "+1 (+0.03 %)  same (margin 0.5% or 10)" in within.out
    assert "exit.a" not in kbench("gate", "lab.json", "lab.json", cwd=place).out
    result = kbench("gate", "lab.json", "lab1.json", "--margin", "0", cwd=place)
    assert result.status == 1 and "+1 (+0.03 %)" in result.out


def test_formats(place: Path) -> None:
    words = ("gate", "base.json", "worse.json")
    assert "exit\\.b" in kbench(*words, "--format", "md", cwd=place).out.replace(".", "\\.")
    assert json.loads(kbench(*words, "--format", "json", cwd=place).out)["gate"]["worse"] == 2
    assert "::error title=exit.b p50::" in kbench(*words, "--format", "github", cwd=place).out
    shown = kbench(*words, "-o", "out.xml", "-o", "out.md", cwd=place).out
    assert "gate: worse: exit.b" in shown, "files are beside the answer, not instead of it"
    assert "<failure" in (place / "out.xml").read_text()
    assert "kbench gate: worse" in (place / "out.md").read_text()
    again = kbench(*words, "-o", "out.xml", cwd=place)
    assert "out.xml exists: choose another -o, or --force" in again.refused()
    assert ".txt, .md, .csv, .json, .xml" in kbench(*words, "-o", "out.pdf", cwd=place).refused()


def test_bad_input_writes_nothing(place: Path) -> None:
    before = sorted(path.name for path in place.iterdir())
    kbench("gate", "base.json", "bad.json", "-o", "out.xml", cwd=place)
    result = kbench("gate", "base.json", "same.json", "-o", "absent/out.xml", cwd=place)
    assert result.status == 2 and "cannot write" in result.err
    assert sorted(path.name for path in place.iterdir()) == before


def test_project_file_is_found(place: Path) -> None:
    (place / "kbench.toml").write_text('[margins.host]\np50 = "40%"\np90 = "40%"\n')
    assert kbench("gate", "base.json", "worse.json", cwd=place).status == 0
    (place / "kbench.toml").write_text("oops")
    assert kbench("gate", "base.json", "worse.json", cwd=place).status == 2


def test_compare(place: Path) -> None:
    result = kbench(
        "compare", "base.json", "same.json", "worse.json", "--sort", "change", cwd=place
    )
    assert result.status == 0
    second = result.out.split("head worse.json")[1]
    assert second.index("exit.b") < second.index("exit.a")
    assert json.loads(
        kbench("compare", "base.json", "same.json", "--format", "json", cwd=place).out
    )
    words = ("compare", "base.json", "same.json", "--metric", "max")
    shown = kbench(*words, "--format", "csv", cwd=place).out
    assert shown.startswith("base_file,head_file,benchmark,metric,") and ",max," in shown
    refused = kbench("compare", "base.json", "lab.json", cwd=place)
    assert refused.status == 2 and "--force" in refused.err
    assert kbench("compare", "base.json", "lab.json", "--force", cwd=place).status == 0


def test_a_comparison_closes_with_its_answer(place: Path) -> None:
    out = kbench("compare", "base.json", "worse.json", cwd=place).worked()
    assert out.splitlines()[-1].startswith("worse: exit.b (2 worse, 0 better, ")
    write(place / "one.json", {"exit.a": noisy(6e-6, 1, 7)})
    few = kbench("compare", "base.json", "one.json", cwd=place).worked()
    assert "% [too few runs]" in few and "?" not in few
    assert "kbench gate --ab measures both sides in turn" in few


def test_a_kvm_variant_has_no_at_sign(tmp_path: Path) -> None:
    line = kbench("gate", "--ab", "@stock", "@all", cwd=tmp_path).refused()
    assert "@stock names benchmarks" in line and "--ab takes those without @" in line


def test_what_to_do_next_is_said_on_a_terminal_alone(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output.hint("x")
    assert kbench("gate", "base.json", "worse.json", cwd=place).err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    output.hint("kbench compare", "kbench report")
    assert capsys.readouterr().err == "next: kbench compare\nnext: kbench report\n"
