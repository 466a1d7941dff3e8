# SPDX-License-Identifier: MIT
"""dask is an extra: nothing but a fleet's commands imports it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import kbench
from kbench.errors import KbenchError
from kbench.session import places

PACKAGE = Path(kbench.__file__).parent
DASK = re.compile(r"^\s*(from|import) (dask|distributed)\b", re.MULTILINE)
ROOM = re.compile(r"^(from|import) kbench\.fleet\b", re.MULTILINE)
# What measures, judges and shows; each command imports the rest inside its function.
LOADED = "kbench.cli._app, kbench.session.run, kbench.session.bisect, kbench.session.ab.measure"


def test_only_the_room_names_dask() -> None:
    named = [path for path in PACKAGE.rglob("*.py") if DASK.search(path.read_text())]
    assert named and {path.parent.name for path in named} == {"fleet"}


def test_others_import_the_room_inside_functions() -> None:
    outside = [path for path in PACKAGE.rglob("*.py") if path.parent.name != "fleet"]
    assert [path for path in outside if ROOM.search(path.read_text())] == []


def test_commands_load_no_dask() -> None:
    code = (
        f"import sys, {LOADED}, kbench.doctor.fleet; kbench.cli._app.build(); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-Pc", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "rich" in loaded and not loaded & {"dask", "distributed"}


def test_without_it_one_line_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "find_spec", lambda name: None)
    with pytest.raises(KbenchError, match=r"pip install 'kbench\[fleet\]'"):
        places.require_extra()
    with pytest.raises(KbenchError, match="it takes --cluster"), places.places(None, "m", print):
        pass
