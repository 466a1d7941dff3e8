# SPDX-License-Identifier: MIT
"""What became of exits from one kernel to the next: each sentence, and each premise that fails."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.suites import LAB, Metadata, lab_run, write

from kbench.answers.kernels import SENTENCES, answer
from kbench.suite.functions import KEY, pack
from kbench.suite.load import load
from kbench.suite.suite import Suite

KERNELS = {"6.1.0-56-amd64": 3000, "6.12.95": 3010, "7.3.4": 3100}
EXPLAINED = ("exit.pio_out", "exit.hlt", "floor.immediate_exit", "wake.irqfd@hlt")
BATCHES = ("inkernel.cpuid", "inkernel.wbinvd")
NO = "Not answered"
Rows = dict[str, list[Metadata]]
Edit = Callable[[Rows], object]


def rows(count: int) -> Rows:
    functions = {("vcpu_run", "kvm"): count - 500, ("svm_vcpu_run", "kvm_amd"): 500}
    explained = {KEY: pack(functions)}
    found: Rows = {name: [lab_run(count, **explained)] for name in EXPLAINED}
    return found | {
        name: [lab_run(100 * count, kbench_per_instruction_min=count - 400)] for name in BATCHES
    }


def suites(tmp_path: Path, edit: Edit = lambda rows: None, only: str = "7.3.4") -> list[Suite]:
    """Three kernels' suites; `edit` changes the rows of the kernel `only`."""
    found = []
    for kernel, count in KERNELS.items():
        measured = rows(count)
        if kernel == only:
            edit(measured)
        name = tmp_path / f"{kernel}.json"
        name.unlink(missing_ok=True)
        marks = {**LAB, "kbench_kernel": kernel, "kbench_extension": "stock"}
        found.append(load(write(name, measured, **marks)))
    return found


def elsewhere(rows: Rows) -> None:
    """Measured on another backend than the kernels before."""
    for run in rows["exit.pio_out"]:
        run["kbench_backend"] = "vmx-bochs"


@pytest.mark.parametrize("name", SENTENCES)
def test_suites_with_everything_support_it(tmp_path: Path, name: str) -> None:
    text = answer(name, suites(tmp_path))
    assert not text.startswith(NO) and text.endswith("."), text


def test_steps_and_functions_add_up(tmp_path: Path) -> None:
    found = suites(tmp_path)
    steps = "3,000 instructions on 6.1, 3,010 on 6.12 (+10) and 3,100 on 7.3 (+90)."
    assert answer("kernels-exit", found) == f"A port write that exits to userspace takes {steps}"
    assert answer("kernels-exit-by", found) == (
        "For the port write, +10 from 6.1 to 6.12 (3,000 to 3,010): vcpu_run +10; "
        "+90 from 6.12 to 7.3 (3,010 to 3,100): vcpu_run +90."
    )
    assert answer("kernels-exits", found) == (
        "Of 2 exits to userspace, each of one count, 2 take more instructions on 7.3 than on 6.1 "
        "and 0 fewer."
    )
    assert "2,600 instructions on 6.1" in answer("kernels-inkernel", found)


@pytest.mark.parametrize(
    ("name", "edit", "says"),
    [
        ("kernels-exit", lambda rows: rows.pop("exit.pio_out"), "was not measured"),
        (
            "kernels-exit",
            lambda rows: rows.update({"exit.pio_out": [lab_run(3010)]}),
            "3,010 on 7.3 (nothing tells the two apart)",
        ),
        (
            "kernels-exit",
            lambda rows: rows.update({"exit.pio_out": [lab_run(3100), lab_run(3300)]}),
            "exit.pio_out: its events do not have one count",
        ),
        (
            "kernels-exits",
            lambda rows: rows.update({"exit.pio_out": [lab_run(3100), lab_run(3300)]}),
            "Of 1 exits to userspace, each of one count, 1 take",
        ),
        (
            "kernels-wake",
            lambda rows: rows.update(
                {"wake.irqfd@hlt": [lab_run(n, kbench_phases=2) for n in (2900, 3200)]}
            ),
            "2,900 to 3,200 on 7.3 (nothing tells the two apart)",
        ),
        (
            "kernels-wake-by",
            lambda rows: rows.update(
                {
                    "wake.irqfd@hlt": [
                        lab_run(n, kbench_phases=2, **{KEY: pack({("f", "kvm"): 3000})})
                        for n in (2900, 3200)
                    ]
                }
            ),
            "nothing tells wake.irqfd@hlt on 6.12 and on 7.3 apart",
        ),
        ("kernels-exit", elsewhere, "differ in where they were measured"),
        ("kernels-exit-by", elsewhere, "differ in where they were measured"),
        ("kernels-exits", elsewhere, "differ in where they were measured"),
        (
            "kernels-exits",
            lambda rows: rows.update(
                {"exit.hlt": [lab_run(2000)], "exit.pio_out": [lab_run(3000)]}
            ),
            "0 take more instructions on 7.3 than on 6.1 and 1 fewer; 1 are not told apart.",
        ),
        (
            "kernels-exit-by",
            lambda rows: rows.update({"exit.pio_out": [lab_run(3100)]}),
            "without --explain",
        ),
        (
            "kernels-exit-by",
            lambda rows: rows["exit.pio_out"][0].update({KEY: pack({("f", "kvm"): 2000})}),
            "is no typical one",
        ),
        (
            "kernels-inkernels",
            lambda rows: rows["inkernel.cpuid"][0].pop("kbench_per_instruction_min"),
            "Of 1 subjects",
        ),
    ],
)
def test_a_premise_that_fails_changes_it(tmp_path: Path, name: str, edit: Edit, says: str) -> None:
    assert says in answer(name, suites(tmp_path, edit))


@pytest.mark.parametrize("name", SENTENCES)
def test_one_kernel_supports_none(tmp_path: Path, name: str) -> None:
    assert answer(name, suites(tmp_path)[:1]).startswith(f"{NO} ({name}): fewer than two kernels")
