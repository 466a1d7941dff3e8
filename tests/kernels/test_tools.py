# SPDX-License-Identifier: MIT
"""Running other programs: what they print, how they fail, and that nothing of them is left."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kbench.kernels import tools
from kbench.kernels.errors import KernelError, PackageUnavailable

SECONDS = 30.0


def shell(script: str, seconds: float = SECONDS, **more: Any) -> str:
    return tools.run(["sh", "-c", script], seconds, **more)


def test_output_comes_back_in_the_c_locale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    text = shell("echo $LC_ALL $MORE; pwd", cwd=tmp_path, environment={"MORE": "more"})
    assert text == f"C more\n{tmp_path}\n"


def test_bytes_that_are_no_text_do_not_matter() -> None:
    assert shell(r"printf 'a\377b'") == "a\N{REPLACEMENT CHARACTER}b"


def test_missing_program_says_how_to_install_it(programs: Path) -> None:
    with pytest.raises(PackageUnavailable, match=r"^spatch is not installed: sudo .* coccinelle$"):
        tools.run(["spatch"], SECONDS, error=PackageUnavailable)
    with pytest.raises(KernelError, match=r"^git is not installed: install git$"):
        tools.run(["git"], SECONDS, missing="install git")
    with pytest.raises(KernelError, match=r"^gnuplot is not installed$"):
        tools.run(["gnuplot"], SECONDS)


def test_failure_has_the_last_lines_of_stderr() -> None:
    with pytest.raises(KernelError, match=r"^no kernel\nbad$") as raised:
        shell("echo out; echo bad >&2; exit 3", what="no kernel")
    assert raised.value.output == "bad"


@pytest.mark.parametrize(("script", "said"), [("echo out; exit 3", "out"), ("exit 3", "status 3")])
def test_failure_without_stderr(script: str, said: str) -> None:
    with pytest.raises(KernelError, match=said):
        shell(script)


def test_accepted_status() -> None:
    assert shell("echo differs; exit 1", accepted=(0, 1)) == "differs\n"


def test_compilers_first_error_is_shown_without_its_warnings() -> None:
    noise = "\n".join(f"x86.c:{n}:1: warning: unused" for n in range(40))
    text = (
        f"{noise}\nx86.c:7:2: error: 'y' undeclared\n   y = 1;\nmake: *** [x86.o] Error 1\n{noise}"
    )
    with pytest.raises(KernelError) as raised:
        shell(f'cat >&2 <<"END"\n{text}\nEND\nexit 2')
    assert raised.value.output.startswith("x86.c:7:2: error: 'y' undeclared\n   y = 1;\nmake: ***")


def gone(file: Path) -> bool:
    """Whether the process whose id is in `file` has ended, waiting a while for that."""
    end = time.monotonic() + SECONDS
    pid = int(file.read_text())
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


# A grandchild, as make's compilers are, that would go on by itself.
GRANDCHILD = "(sleep 1000 & echo $! > {}; wait) & wait"


def test_time_limit_ends_grandchildren(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match="sh failed: it did not end within 1 s"):
        shell(GRANDCHILD.format(tmp_path / "pid"), 1.0)
    assert gone(tmp_path / "pid")


def interrupted(call: Callable[[], object], when: Path) -> None:
    """Do `call` and interrupt it as Ctrl-C does once the file `when` is there."""

    def interrupt() -> None:
        while not (when.exists() and when.read_text()):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            call()
    finally:
        thread.join(SECONDS)


def test_interrupt_ends_grandchildren(tmp_path: Path) -> None:
    interrupted(lambda: shell(GRANDCHILD.format(tmp_path / "pid")), tmp_path / "pid")
    assert gone(tmp_path / "pid")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupt_while_the_program_starts_ends_it(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(subprocess.Popen[str]):
        def __init__(self, *words: Any, **options: Any) -> None:
            super().__init__(*words, **options)
            while not (pid.exists() and pid.read_text()):
                time.sleep(0.01)
            signal.raise_signal(number)

    pid = tmp_path / "pid"
    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    before = signal.signal(number, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            shell(f"echo $$ > {pid}; sleep 1000")
        assert gone(pid)
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)


def test_what_ignores_the_request_to_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "GRACE_SECONDS", 0.1)
    with pytest.raises(KernelError, match="within 1 s"):
        shell(f"trap '' TERM; echo $$ > {tmp_path / 'pid'}; while :; do sleep 0.1; done", 1.0)
    assert gone(tmp_path / "pid")


def test_make_removes_what_is_half_made(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("x.o:\n\techo half > x.o; sleep 1000\n")
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    interrupted(lambda: tools.run(["make"], SECONDS, cwd=tmp_path), tmp_path / "x.o")
    assert not (tmp_path / "x.o").exists()


def test_survivors_of_a_killed_kbench_hold_the_lock(tmp_path: Path) -> None:
    """SIGKILL cannot be handled: what goes on then keeps the descriptor that it was handed."""
    lock = tmp_path / "lock"
    program = (
        "import fcntl, os, sys\nfrom kbench.kernels import tools\n"
        "fd = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR)\nfcntl.flock(fd, fcntl.LOCK_EX)\n"
        "tools.run(['sh', '-c', 'echo $$ > ' + sys.argv[2] + '; sleep 2'], 60, held=(fd,))\n"
    )
    words = [sys.executable, "-P", "-c", program, str(lock), str(tmp_path / "pid")]
    with subprocess.Popen(words) as process:
        while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text()):
            time.sleep(0.01)
        process.kill()
    free = ["flock", "--nonblock", str(lock), "true"]
    assert subprocess.run(free, check=False, timeout=SECONDS).returncode == 1
    assert gone(tmp_path / "pid")
    assert subprocess.run(free, check=False, timeout=SECONDS).returncode == 0
