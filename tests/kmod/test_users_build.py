# SPDX-License-Identifier: MIT
"""A user's own change of KVM, as a patch and as a tree: built, measured, and seen in the count."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from support.docs import ROOT, blocks, commands, spans
from support.kvm_change import CHANGED, patch, run, with_nops

from kbench.kernels import find
from kbench.kmod import sources

pytestmark = [
    pytest.mark.lab,
    pytest.mark.test_kvm,
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with `linux`, KVM's sources with that NOP, and `my.patch`, which makes it."""
    place = tmp_path_factory.mktemp("change")
    tree = find.find("6.1", print).tree(print)
    sources.copy(sources.pristine(tree, print), place / "linux")
    changed = place / "linux" / CHANGED
    before = changed.read_text()
    after = with_nops(before, 1)
    changed.write_text(after)
    (place / "my.patch").write_text(patch(before, after))
    return place


def p50(variant: str, place: Path) -> float:
    """The p50 of exit.pio_out on a KVM variant."""
    out = place / f"{variant}.json"
    words = ("exit.pio_out", "--target", "lab", "--kvm", variant, "--force", "-o", out)
    run("run", *words, cwd=place)
    (benchmark,) = json.loads(run("show", out, "--format", "json", cwd=place))["benchmarks"]
    return float(benchmark["percentiles"]["50"])


def test_tree(place: Path) -> None:
    stock = p50("stock", place)
    name = run("kvm", "build", "--source", "linux", "--name", "mine", cwd=place).split()[0]
    assert name == "mine" and "mine " in run("kvm", "info", cwd=place)
    assert p50(name, place) == stock + 1


def test_what_the_readme_tells_a_kvm_developer(place: Path) -> None:
    """Its two commands as printed, NAME by what the first prints; docs/gate.md has the same two
    and the table that they show.
    """
    ours = [span for span in spans(ROOT / "README.md") if "my.patch" in span or "NAME" in span]
    build, gate = (shlex.split(span)[1:] for span in ours if span.startswith("kbench "))
    name = run(*build, cwd=place).split()[0]
    words = [name if word == "NAME" else word for word in gate]
    shown = run(*words, cwd=place, status=1)

    page = ROOT / "docs" / "gate.md"
    (manual,) = (text for text in blocks(page, "sh") if "my.patch" in text)
    theirs = [re.sub(r"stock\+\w{8}", name, line).rstrip() for line in commands(manual)]
    assert [shlex.split(line)[1:] for line in theirs] == [build, words]
    (table,) = (text for text in blocks(page) if "exit.mmio_read" in text)
    rows = [line.split() for line in shown.splitlines()]
    assert [line for line in table.splitlines() if line.split() not in rows] == []
    assert not [row for row in rows if row[:1] == ["floor.immediate_exit"]], "it is the same"
