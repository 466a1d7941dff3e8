# SPDX-License-Identifier: MIT
"""A sample of the campaign (make faults): commands that measure nothing, faults of files alone.

What depends on the moment, as signals do, or on how libraries take a refused call, is in
the campaign only.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from faults import campaign, case, kinds
from faults.subjects import SUBJECTS, Place

COUNT = 12


def test_a_sample() -> None:
    program = Path(__file__).with_name("campaign.py")
    words = ["--only", "show,gate,history-check", "--kinds", "unread,damaged,mounted"]
    done = subprocess.run(
        [sys.executable, "-P", str(program), *words, "--count", str(COUNT)],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    *_, counts = done.stdout.splitlines()
    assert counts == f"injected {COUNT}, lost 0, hung 0, leaked 0, traceback 0, code 0"


@pytest.mark.parametrize(
    ("ended", "what"),
    [
        (case.Ended(None, "", ""), "hung"),
        (case.Ended(1, "", "kbench: no"), "code"),
        (case.Ended(2, "", ""), "code"),
        (case.Ended(2, "", "Traceback (most recent call last):\nkbench: x"), "traceback"),
        (case.Ended(0, "", "1/1 exit.pio_out: p50 7 us"), "lost"),
    ],
)
def test_the_checks_can_fail(tmp_path: Path, ended: case.Ended, what: str) -> None:
    (host,) = (subject for subject in SUBJECTS if subject.name == "host")
    place = Place(tmp_path, host)
    place.set_up(tmp_path / "none")
    assert what in case.wrong(place, kinds.Fault("none"), ended, 0)
    (place.tmp / "left").touch()
    assert "leaked" in case.wrong(place, kinds.Fault("none"), ended, 0)


def test_a_case_repeats(tmp_path: Path) -> None:
    import random

    faults = []
    for number in (1, 2):
        place = Place(tmp_path / str(number), SUBJECTS[3])
        place.set_up(tmp_path / "none")
        faults.append(kinds.choose(random.Random(7), place).name)
    assert faults[0] == faults[1] and campaign.WRONG


def test_what_the_real_cache_has_unfinished_is_not_left_by_a_case(
    tmp_path: Path, root: Path
) -> None:
    for name in ("explain/.key.tmp1", "kvm-modules/.key.tmp2", "kvm-modules/key"):
        (root / name).mkdir(parents=True)
    (lab,) = (subject for subject in SUBJECTS if subject.name == "lab-build")
    place = Place(tmp_path / "place", lab)
    place.set_up(tmp_path / "none")
    assert case.wrong(place, kinds.Fault("none"), case.Ended(0, "", ""), 0) == {}
    assert (root / "explain/.key.tmp1").exists() and (place.cache / "kvm-modules/key").exists()


def test_nothing_is_mounted_where_root_may_not(programs: Path) -> None:
    """As in most containers: the case would fail with unshare's own code."""
    (programs / "unshare").write_text("#!/bin/sh\nexit 1\n")
    (programs / "unshare").chmod(0o755)
    assert not kinds.may_mount.__wrapped__()
