# SPDX-License-Identifier: MIT
"""The source archive of `make dist`: all that builds kbench, and no reports."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def members() -> dict[str, int]:
    """The archive's files with their sizes, as git makes it for `meson dist`."""
    if not (TOP / ".git").exists():
        pytest.skip("no checkout: this is the archive, or a copy")
    asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=TOP, capture_output=True, text=True)
    if asked.returncode:  # a checkout of another user's
        pytest.skip(f"git refuses the checkout: {asked.stderr.strip()}")
    command = ["git", "archive", "--worktree-attributes", "HEAD"]
    made = subprocess.run(command, cwd=TOP, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(made)) as archive:
        return {each.name: each.size for each in archive if each.isfile()}


def test_no_reports(members: dict[str, int]) -> None:
    assert not [name for name in members if name.startswith("reports/")]
    assert sum(members.values()) < 6 << 20, "bytes unpacked: they were more with the reports"


def test_everything_that_the_build_reads(members: dict[str, int]) -> None:
    tracked = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "HEAD", "kbench", "ext", "guests"],
        cwd=TOP, capture_output=True, check=True, text=True,
    ).stdout.split("\n")  # fmt: skip
    assert set(filter(None, tracked)) <= members.keys()
    assert {"meson.build", "pyproject.toml", "LICENSE", "README.md", "Makefile"} <= members.keys()
