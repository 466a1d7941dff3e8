# SPDX-License-Identifier: MIT
"""What a rehearsal makes of what it is handed back; and, behind its mark, one machine of it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from rehearse import handed_back, machine, run
from rehearse.image import disks
from rehearse.variants import SHORT_FORM, VARIANTS

DATA = Path(__file__).parents[1] / "data"
NAMES = ["doctor", "quick"]


def handed(out: Path, *status: str, said: str = "") -> list[handed_back.Row]:
    """The rows of a machine with this status file, whose commands said `said`."""
    out.mkdir(exist_ok=True)
    (out / "status").write_text("".join(f"{line}\n" for line in status))
    for name in NAMES:
        (out / f"{name}.out").touch()
        (out / f"{name}.err").write_text(said)
    return handed_back.rows(out, NAMES)


def test_a_suite_is_read_here(tmp_path: Path) -> None:
    shutil.copy(DATA / "host-a.json", tmp_path / "quick.json")
    doctor, quick = handed(tmp_path, "0 27 doctor", "124 240 quick")
    assert (doctor.benchmarks, doctor.wrong) == (0, "") and quick.wrong == ""
    assert quick.benchmarks > 0 and quick.runs >= quick.benchmarks
    assert handed_back.missing(tmp_path, NAMES, ended=True) == []


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (70, "kbench: this is a bug of kbench"),
        (124, "kbench: interrupted"),
        (137, ""),  # killed 30 s after its limit
        (0, "Traceback (most recent call last):\n  ...\nOverflowError: can't convert"),
    ],
)
def test_what_is_wrong_with_a_command(tmp_path: Path, status: int, said: str) -> None:
    (row,) = handed(tmp_path, f"{status} 3 doctor", said=said)
    assert row.wrong and "WRONG" in str(row)


def test_a_rehearsal_of_nothing_is_no_success(tmp_path: Path) -> None:
    """As on a machine that is too busy: the limit came before the first run."""
    (row,) = handed(tmp_path, "124 240 quick", said="kbench: interrupted")
    assert row.wrong == "nothing was measured within its limit"


def test_a_suite_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "quick.json").write_text("{")
    (row,) = handed(tmp_path, "0 3 quick")
    assert "quick.json" in row.wrong


def test_what_is_wrong_with_a_machine(tmp_path: Path) -> None:
    handed(tmp_path, "0 27 doctor")
    (tmp_path / "console").write_text("[ 1.0] BUG: unable to handle page fault\n")
    assert handed_back.missing(tmp_path, NAMES, ended=False) == [
        "quick was not run, or did not end",
        "the machine did not end within its limit",
        "[ 1.0] BUG: unable to handle page fault",
    ]


def test_a_machine_that_was_killed_while_it_wrote(tmp_path: Path) -> None:
    results = tmp_path / "results.tar"
    results.write_bytes(b"x" * 20_480)
    machine.unpack(results, tmp_path)
    assert results.exists()


def test_what_process_1_runs_is_a_shell_script() -> None:
    for variant in (*VARIANTS, SHORT_FORM):
        text = machine.job(variant, variant.commands(), 60.0)
        subprocess.run(["sh", "-n"], input=text, text=True, check=True)
        assert "kbench_ doctor doctor" in text and "--fast -p 1" in text
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS)


@pytest.mark.lab
@pytest.mark.test_rehearse
def test_short(tmp_path: Path) -> None:
    told: list[str] = []
    out = tmp_path / "out"
    assert run.rehearse(SHORT_FORM, disks(tmp_path), out, run.SHORT_SECONDS, told.append) == 0, told
    (_, suite) = handed_back.rows(out, list(SHORT_FORM.commands()))
    assert suite.benchmarks > 0
