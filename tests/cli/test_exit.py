# SPDX-License-Identifier: MIT
"""Exit codes: 1 and 3 are verdicts and nothing else; what went wrong is one line and 2."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.cli import command, kbench

from kbench.cli import _exit
from kbench.errors import KbenchError, explained

DATA = Path(__file__).parents[1] / "data"
SUITE, WORSE = DATA / "lab-pio.json", DATA / "lab-pio-nop.json"
PRINTING = [
    ("show", SUITE),
    ("gate", SUITE, WORSE, "--all", "--margin", "0"),
    ("compare", SUITE, WORSE),
    ("list", "--names"),
    ("--help",),
]


def ended(*words: object, stdout: int | None = None, **options: object) -> tuple[int, str]:
    """The exit code of `kbench WORDS...` and its stderr."""
    done = subprocess.run(
        command(*words),
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        **options,
    )  # type: ignore[call-overload]  # options are subprocess.run()'s
    return done.returncode, done.stderr


@pytest.mark.parametrize("words", PRINTING, ids=lambda words: str(words[0]))
def test_a_full_device(words: tuple[object, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        status, errors = ended(*words, stdout=full.fileno())
    line = "kbench: cannot write standard output: No space left on device\n"
    assert (status, errors) == (2, line)


@pytest.mark.parametrize("words", PRINTING, ids=lambda words: str(words[0]))
def test_a_reader_that_has_gone(words: tuple[object, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert ended(*words, stdout=writing) == (141, "")
    finally:
        os.close(writing)


def test_a_closed_standard_output() -> None:
    words = ["sh", "-c", 'exec "$@" >&-', "sh", *command("show", SUITE)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (2, "kbench: standard output is closed\n")


def test_a_name_that_is_too_long() -> None:
    line = kbench("gate", SUITE, SUITE, "--config", "x" * 300).refused()
    assert line.startswith("kbench: xxx") and line.endswith(": File name too long")


def test_memory_that_is_not_there() -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (160 << 20, 160 << 20))

    status, errors = ended("gate", DATA / "host-a.json", WORSE, preexec_fn=limit)
    assert status in (2, 70) and status != 1, errors


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (KbenchError("it is so"), 2, "kbench: it is so\n"),
        (KeyboardInterrupt(), 130, "kbench: interrupted\n"),
        (OSError(13, "Permission denied", "/x"), 2, "kbench: /x: Permission denied\n"),
        (OSError(1, "Operation not permitted"), 2, "kbench: Operation not permitted\n"),
        (BrokenPipeError(32, "Broken pipe", "socket"), 2, "kbench: socket: Broken pipe\n"),
        (MemoryError(), 2, "kbench: out of memory\n"),
        (
            RuntimeError("can't start new thread"),
            2,
            "kbench: no more threads can be started: raise the limit (ulimit -u)\n",
        ),
    ],
)
def test_reasons(
    error: BaseException, status: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    assert _exit.code(fail) == status
    assert capsys.readouterr().err == line


def test_a_bug_has_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert _exit.code(lambda: [].pop()) == 70
    errors = capsys.readouterr().err
    assert "Traceback" in errors and "IndexError" in errors
    assert errors.endswith("this is a bug of kbench: please report it with the lines above\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_DFL)  # the tests may run under nohup
    try:
        with pytest.raises(SystemExit) as ended:
            _exit.code(lambda: signal.raise_signal(number))
    finally:
        signal.signal(number, before)
    assert ended.value.code == 128 + number


def test_nohup_holds() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert _exit.code(lambda: signal.raise_signal(signal.SIGHUP)) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_command_says_its_own() -> None:
    assert kbench("gate", SUITE, WORSE, "--margin", "0").status == 1
    assert kbench("gate", SUITE).status == 2
    assert kbench("gate", "--no-such-option").status == 2
    assert kbench("show", SUITE).status == 0


def test_the_call_that_was_refused_is_named() -> None:
    def fail() -> None:
        os.ftruncate(4095, 0)

    with pytest.raises(OSError) as refused:
        fail()
    assert explained(refused.value) == "ftruncate: Bad file descriptor"
    assert explained(ValueError("a bug")) is None


def test_signals_are_heeded_before_anything_slow_is_loaded() -> None:
    code = "import kbench.cli, sys; print(*{'typer', 'rich', 'pyperf'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


@pytest.mark.parametrize("columns", ["1", "5", "20"])
@pytest.mark.parametrize("words", [("show", SUITE), ("gate", SUITE, WORSE, "--all"), ("list",)])
def test_a_narrow_terminal(words: tuple[object, ...], columns: str) -> None:
    status, errors = ended(
        *words, stdout=subprocess.DEVNULL, env={**os.environ, "COLUMNS": columns}
    )
    assert status in (0, 1) and not errors


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    name = os.fsdecode(bytes(tmp_path) + b"/\xff.json")
    Path(name).write_bytes(SUITE.read_bytes())
    for words in (("show", name), ("report", name, "--svg", tmp_path / "pictures")):
        assert kbench(*words).status == 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("show", SUITE, "-o", "-"), None),
        (("report", SUITE, "-o", "-"), "-o - would be standard output: --format md or txt"),
        (("hdr", SUITE, "exit.pio_out", "-o", "-"), "-: the form follows the name of the file"),
        (("run", "floor.clock", "-o", "-"), "- is standard output, which takes text alone"),
    ],
    ids=lambda each: each and each[0],
)
def test_a_dash(words: tuple[object, ...], line: str | None, tmp_path: Path) -> None:
    done = kbench(*words, cwd=tmp_path)
    if line is None:
        assert done.worked() == kbench("show", SUITE).out
    else:
        assert done.refused().startswith(f"kbench: {line}")
    assert not list(tmp_path.iterdir())


def test_no_memory_for_a_frame_is_no_bug() -> None:
    """What mmap's ENOMEM makes of a call, as in numpy's import; a C function's fault is a bug."""
    assert explained(SystemError("error return without exception set")) == "out of memory"
    bug = "<built-in function walk> returned NULL without setting an exception"
    assert explained(SystemError(bug)) is None
