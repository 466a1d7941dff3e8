# SPDX-License-Identifier: MIT
"""A report shows the functions that `kbench run --explain` stored, and links them."""

from pathlib import Path

from support.cli import kbench
from support.suites import LAB, lab_run, write

from kbench.report.functions import SHOWN, section
from kbench.report.model import build
from kbench.suite.functions import KEY, pack


def suite(path: Path, handler: int) -> Path:
    small = {(f"helper_{n}", "kernel"): 1 for n in range(SHOWN)}
    functions = {("vcpu_run", "kvm"): 900, ("io_interception", "kvm_amd"): handler, **small}
    count = sum(functions.values())
    rows = {
        "exit.pio_out": [lab_run(count, **{KEY: pack(functions)})],
        "exit.hlt": [lab_run(3962)],
    }
    return write(path, rows, **LAB)


def test_the_table_adds_up(tmp_path: Path) -> None:
    found = section(build([suite(tmp_path / "a.json", 80)]))
    assert found is not None and len(found.tables) == 1
    (table,) = found.tables
    assert table.subject == "exit.pio_out" and table.title.endswith(": 1,000 instructions")
    first, second, *_, rest, whole = table.texts()
    assert first == ("vcpu_run [kvm]", "900", "90.0%")
    assert second == ("io_interception [kvm_amd]", "80", "8.0%")
    assert rest == ("2 others", "2", "0.2%") and whole == ("in all", "1,000", "100.0%")
    assert section(build([write(tmp_path / "b.json", {"exit.hlt": [lab_run(9)]}, **LAB)])) is None


def test_each_form_has_it_and_the_page_links_it(tmp_path: Path) -> None:
    suites = (suite(tmp_path / "a.json", 80), suite(tmp_path / "b.json", 83))
    kbench("report", *suites, "-o", tmp_path / "r.html", "-o", tmp_path / "r.md").worked()
    page = (tmp_path / "r.html").read_text()
    assert page.count('id="of-exit.pio_out"') == 1
    assert page.count('<a href="#of-exit.pio_out">exit.pio_out</a>') >= 1
    assert "#of-exit.hlt" not in page
    assert ">functions<" not in page, "what is packed is no condition of the measurement"
    text = (tmp_path / "r.md").read_text()
    assert "io\\_interception \\[kvm\\_amd\\]" in text and "1,003 instructions" in text
