# SPDX-License-Identifier: MIT
"""kbench lab, and the lab as the target of kbench run."""

import json
import os
import subprocess
import time
from pathlib import Path
from select import select

import pytest
from support.cli import LIMIT, command, kbench, with_readonly, without_kvm

from kbench.kernels import cache, debian
from kbench.kernels.errors import PackageUnavailable
from kbench.lab import labs
from kbench.lab.errors import EmulatorUnavailable

QUICK = ("exit.pio_out", "floor.syscall")


@pytest.fixture(scope="module")
def ready() -> None:
    try:
        labs.prepare(debian.DEFAULT, labs.STOCK, print)
    except (EmulatorUnavailable, PackageUnavailable) as error:
        pytest.skip(str(error))


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that holds two snapshots and one kernel, all of nobody's use."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    root = tmp_path / "kbench"
    for kind in ("snapshot", "ready", "kernel-kvm", "locks"):
        (root / kind / "old").mkdir(parents=True)
        (root / kind / "old" / "file").write_bytes(bytes(20_000))
    return root


def test_info_of_a_cache_shows_every_entry(empty: Path) -> None:
    long = "6.12.95+deb12-amd64-userspace_exits-0123456789abcdef"
    (empty / "kvm-modules" / long).mkdir(parents=True)
    rows = [" ".join(line.split()) for line in kbench("lab", "info").worked().splitlines()]
    assert "kernel 6.1: not built yet" in rows
    # A name stands whole in its line.
    for name in (f"kvm-modules {long}", "snapshot old", "kernel-kvm old"):
        assert f"{name} 0.0 MB" in rows
    assert not any("locks" in row for row in rows)


def test_clean_says_what_it_left(empty: Path) -> None:
    line = kbench("lab", "clean", prefix=with_readonly(empty)).refused()
    assert line.startswith("kbench: not removed: ready/old: ")
    assert "snapshot/old: " in line
    assert (empty / "snapshot/old/file").exists()


def test_clean_removes_snapshots_and_all_when_asked(empty: Path) -> None:
    assert "removed 0.0 MB" in kbench("lab", "clean").err
    assert sorted(path.name for path in empty.iterdir()) == ["kernel-kvm", "locks"]
    kbench("lab", "clean", "--kernels").worked()
    assert [path.name for path in empty.iterdir()] == ["locks"]


@pytest.mark.parametrize("words", [("build",), ("verify", "floor.clock"), ("shell",)])
def test_unknown_pin(empty: Path, words: tuple[str, ...]) -> None:
    line = kbench("lab", *words, "--kernel", "2.4").refused()
    assert "no kernel debian:2.4: known are debian:6.1, debian:6.12, debian:newest" in line


def send(shell: "subprocess.Popen[bytes]", keys: bytes) -> None:
    assert shell.stdin is not None
    shell.stdin.write(keys)
    shell.stdin.flush()


def until(shell: "subprocess.Popen[bytes]", end: bytes) -> bytes:
    """What `shell` prints up to and including `end`."""
    assert shell.stdout is not None
    seen = b""
    limit = time.monotonic() + LIMIT
    while not seen.endswith(end):
        assert select([shell.stdout], [], [], limit - time.monotonic())[0], seen
        chunk = os.read(shell.stdout.fileno(), 1 << 16)
        assert chunk, f"the shell ended after {seen!r}"
        seen += chunk
    return seen


def typed(shell: "subprocess.Popen[bytes]", line: bytes) -> bytes:
    send(shell, line)
    return until(shell, b">>> ")


@pytest.mark.lab
@pytest.mark.usefixtures("ready")
class TestLab:
    def test_build_is_done_already(self) -> None:
        assert "the lab of Linux 6.1." in kbench("lab", "build").err

    def test_verify(self) -> None:
        text = kbench("lab", "verify", "floor.syscall").worked()
        assert text.endswith("every histogram is equal, bit for bit\n")

    def test_readonly_cache_is_used(self, tmp_path: Path) -> None:
        words = ("run", "--target", "lab", *QUICK, "-o", tmp_path / "a.json")
        kbench(*words).worked()
        kbench(*words, "--force", prefix=with_readonly(cache.root())).worked()

    def test_verify_refuses_an_unknown_name(self) -> None:
        assert "did you mean" in kbench("lab", "verify", "exit.pio_otu").refused()

    def test_shell_talks_python_and_ends(self) -> None:
        """What is typed at the prompt comes back with its answer; Ctrl-D ends the lab."""
        with subprocess.Popen(
            command("lab", "shell"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as shell:
            try:
                assert b"CPython as PID 1" in until(shell, b">>> ")
                assert b"\r\n42\r\n" in typed(shell, b"6 * 7\r")
                assert b"'svm-tcg'" in typed(shell, b"kvm.backend.detect()\r")
                send(shell, b"\x04")
                assert shell.wait(LIMIT) == 0
            finally:
                shell.kill()

    def test_auto_is_the_lab_where_there_is_no_kvm(self, tmp_path: Path) -> None:
        words = ("run", *QUICK, "-o", "a.json")
        kbench(*words, cwd=tmp_path, prefix=without_kvm()).worked()
        shown = json.loads(kbench("show", "a.json", "--format", "json", cwd=tmp_path).worked())
        assert {row["backend"] for row in shown["benchmarks"]} == {"svm-tcg"}
        assert {row["unit"] for row in shown["benchmarks"]} == {"integer"}

    def test_two_files_have_the_same_histograms(self, tmp_path: Path) -> None:
        for name, words in (("a.json", QUICK), ("b.json", QUICK[::-1])):
            kbench("run", "--target", "lab", *words, "-o", name, cwd=tmp_path).worked()
        first, again = (
            {
                row["metadata"]["name"]: row["metadata"]["kbench_hdr"]
                for row in json.loads((tmp_path / name).read_text())["benchmarks"]
            }
            for name in ("a.json", "b.json")
        )
        assert first == again
