# SPDX-License-Identifier: MIT
"""`kbench gate` and `kbench compare` as a build sees them: output, files and exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.suites import LAB, host_run, lab_run, noisy, write

KBENCH = [sys.executable, "-c", "from kbench.cli import main; main()"]


def kbench(cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*KBENCH, *words], cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )


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
    result = kbench(place, "gate", "base.json", *words)
    assert result.returncode == code, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    if code == 2 and "void.json" not in words:
        assert result.stderr.startswith("kbench: ") and result.stderr.count("\n") == 1
        assert not result.stdout


def test_lab_gate(place: Path) -> None:
    assert kbench(place, "gate", "lab.json", "lab1.json").returncode == 0
    result = kbench(place, "gate", "lab.json", "lab1.json", "--margin", "0")
    assert result.returncode == 1 and "+1 (+0.03 %)" in result.stdout


def test_formats(place: Path) -> None:
    words = ("gate", "base.json", "worse.json")
    assert "exit\\.b" in kbench(place, *words, "--md").stdout.replace(".", "\\.")
    assert json.loads(kbench(place, *words, "--json").stdout)["gate"]["worse"] == 2
    assert "::error title=exit.b p50::" in kbench(place, *words, "--github").stdout
    kbench(place, *words, "--junit", "out.xml")
    assert "<failure" in (place / "out.xml").read_text()


def test_bad_input_writes_nothing(place: Path) -> None:
    before = sorted(path.name for path in place.iterdir())
    kbench(place, "gate", "base.json", "bad.json", "--junit", "out.xml")
    result = kbench(place, "gate", "base.json", "same.json", "--junit", "absent/out.xml")
    assert result.returncode == 2 and "cannot write" in result.stderr
    assert sorted(path.name for path in place.iterdir()) == before


def test_project_file_is_found(place: Path) -> None:
    (place / "kbench.toml").write_text('[margins.host]\np50 = "40%"\np90 = "40%"\n')
    assert kbench(place, "gate", "base.json", "worse.json").returncode == 0
    (place / "kbench.toml").write_text("oops")
    assert kbench(place, "gate", "base.json", "worse.json").returncode == 2


def test_compare(place: Path) -> None:
    result = kbench(place, "compare", "base.json", "same.json", "worse.json", "--sort", "change")
    assert result.returncode == 0
    second = result.stdout.split("head worse.json")[1]
    assert second.index("exit.b") < second.index("exit.a")
    assert json.loads(kbench(place, "compare", "base.json", "same.json", "--json").stdout)
    shown = kbench(place, "compare", "base.json", "same.json", "--csv", "--metric", "max").stdout
    assert shown.startswith("base_file,head_file,benchmark,metric,") and ",max," in shown
    refused = kbench(place, "compare", "base.json", "lab.json")
    assert refused.returncode == 2 and "--force" in refused.stderr
    assert kbench(place, "compare", "base.json", "lab.json", "--force").returncode == 0
