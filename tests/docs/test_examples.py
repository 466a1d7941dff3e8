# SPDX-License-Identifier: MIT
"""The examples of the manual, of README.md and of --help are run as they are printed.

Those that measure, build KVM or boot the lab are run by the tests that ELSEWHERE names.
"""

import gzip
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from support.cli import kbench
from support.docs import ROOT, code, commands, spans
from support.suites import STOPPED, host_run, write

from kbench.cli._app import build

DATA = ROOT / "tests" / "data"
MP_STATE = ROOT / "reports" / "mp-state" / "lab-6.1-stock.json"
LAB = ROOT / "reports" / "baselines" / "lab.json"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ELSEWHERE = {
    r"kvm build --patch|--ab stock (NAME|stock\+\w{8}) ": "tests/kmod/test_users_build.py",
    r"kvm (build|diff|dkms|live|hooks)": "tests/ext/kvm: whole builds of KVM",
    r"gate --ab \./base": "tests/cli/test_gate_measuring.py, with shorter runs",
    r"--tree|tree:": "tests/kernels/tree: whole builds of Linux",
    r"run .*--fast -o a.json": "tests/cli/test_help.py, with two benchmarks",
    r"run (idle wake work|rfc)|--kvm all": "tests/lab and tests/worker, single benchmarks of them",
    r"run .*--stop-above": "tests/cli/test_stop_above.py",
    r"kbench worker|cluster": "tests/fleet, test_namespaces.py among them",
    r"kbench explain": "tests/explain and tests/cli/test_explain.py",
    r"lab (build|verify|shell|clean)|--target lab": "tests/lab and tests/cli/test_lab.py",
}


def documented() -> list[str]:
    """Every command of the pages that has all its arguments, once."""
    found = []
    for page in PAGES:
        found += commands(code(page))
        # README's first table names them between backticks; other spans name options.
        found += [span for span in spans(page) if re.match(r"kbench .*\.(json|patch)\b", span)]
    return list(dict.fromkeys(found))


def helped() -> list[str]:
    """The example of each command's help."""
    texts: list[str] = []

    def walk(command: object) -> None:
        texts.append(getattr(command, "help", "") or "")
        for sub in getattr(command, "commands", {}).values():
            walk(sub)

    walk(typer.main.get_command(build()))
    lines = (re.search(r"Example: (kbench .*)", text) for text in texts)
    return [found[1].strip() for found in lines if found]


def elsewhere(line: str) -> bool:
    return any(re.search(pattern, line) for pattern in ELSEWHERE)


EXAMPLES = list(dict.fromkeys([*documented(), *helped()]))
HERE = [line for line in EXAMPLES if not elsewhere(line)]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report that holds its suite."""
    made = tmp_path_factory.mktemp("page") / "report.html"
    kbench("report", DATA / "lab-pio.json", "-o", made).worked()
    return made


@pytest.fixture
def place(tmp_path: Path, page: Path) -> Path:
    """A repository with the files that the examples name: suites, a history, a page, a text."""
    for file in ("a.json", "stock.json", "base.json", "idle.json"):
        shutil.copy(DATA / "lab-pio.json", tmp_path / file)
    shutil.copy(DATA / "lab-pio-nop.json", tmp_path / "mypatch.json")
    shutil.copy(MP_STATE, tmp_path / "mpstate.json")
    write(tmp_path / "caught.json", {"exit.pio_out": [host_run(6e-6, **STOPPED)]})
    for file in ("baseline.json", "head.json", "reports/baselines/lab.json"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(LAB, tmp_path / file)
    (tmp_path / "a.json.gz").write_bytes(gzip.compress((tmp_path / "a.json").read_bytes()))
    (tmp_path / "answers.md.j2").write_text('{{ suite("stock")("exit.pio_out").p50 }}\n')
    for word in ("init --quiet", "commit --quiet --allow-empty --message x"):
        author = ("-c", "user.name=x", "-c", "user.email=x@y", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *author, *word.split()], cwd=tmp_path, check=True)
    shutil.copy(page, tmp_path)
    return tmp_path


@pytest.mark.parametrize("line", HERE)
def test_example_works(line: str, place: Path) -> None:
    outputs = re.findall(r"(?:-o|--svg) (\S+)", line)
    for output in outputs:
        (place / output).unlink(missing_ok=True)
    if "history" in line and " add " not in line:
        for date in ("2026-01-01", "2026-01-02"):
            words = ("bench-history", "head.json", "--commit", "c0ffee", "--date", date)
            kbench("history", "add", *words, cwd=place).worked()
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "GITHUB_STEP_SUMMARY": "summary.md",
    }
    done = subprocess.run(
        ["bash", "-ec", line],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert all((place / output).exists() for output in outputs)


def test_most_that_only_reads_is_run() -> None:
    assert len(HERE) >= 18, HERE
    reading = ("show", "compare", "report", "answers", "hdr", "history", "list", "doctor")
    missed = [line for line in EXAMPLES if line.split()[1] in reading and line not in HERE]
    assert missed == []


def test_what_is_run_elsewhere_is_an_example() -> None:
    assert [p for p in ELSEWHERE if not any(re.search(p, line) for line in EXAMPLES)] == []
