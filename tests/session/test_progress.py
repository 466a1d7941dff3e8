# SPDX-License-Identifier: MIT
"""Lines of progress come from several threads: each is one write."""

import io

import pytest
from rich.console import Console

from kbench.session.progress import progress_bar, say
from kbench.targets.target import Step


class Writes(io.StringIO):
    """Keeps what each write has."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def write(self, text: str) -> int:
        self.found.append(text)
        return len(text)


def test_a_line_is_one_write(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = Writes()
    monkeypatch.setattr("sys.stderr", stderr)
    say("booting Linux 6.1 in the lab")
    assert stderr.found == ["booting Linux 6.1 in the lab\n"]


def test_a_step_is_one_write() -> None:
    pipe = Writes()
    with progress_bar(Console(file=pipe)) as show:
        show(Step("exit.hlt", 1, 3, "integer", 3962.0))
    assert len(pipe.found) == 1 and pipe.found[0].startswith("1/3 exit.hlt: p50 ")
    assert pipe.found[0].endswith("\n")
