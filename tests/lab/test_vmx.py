# SPDX-License-Identifier: MIT
"""The lab on Bochs: what it measures with kvm-intel, and how what fails in it ends."""

import os
from pathlib import Path

import pytest

from kbench.kernels.errors import PackageUnavailable
from kbench.lab import errors, labs, protocol, target
from kbench.lab.inside import bundle
from kbench.lab.labs import Lab
from kbench.lab.outcome import outcome
from kbench.lab.vm.machines import VMX
from kbench.programs import ProgramsMissing

pytestmark = [pytest.mark.lab, pytest.mark.test_bochs]

NAMES = ["exit.pio_out", "floor.immediate_exit", "exit.hlt"]


@pytest.fixture(scope="module")
def vmx() -> Lab:
    """The machine vmx with the default kernel and the distribution's KVM."""
    try:
        return labs.prepare("6.1", labs.STOCK, print, VMX)
    except (PackageUnavailable, ProgramsMissing) as error:
        pytest.skip(str(error))


def children() -> set[int]:
    """The processes that this one has started and not waited for."""
    pid = os.getpid()
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def run(lab: Lab, code: str, seconds: float = 60.0) -> object:
    """Run `code`, the body of a job's main()."""
    job = protocol.Job("exit.pio_out", 100, 5.0, 20.0, entry="test_inside:main")
    module = f"def main(job, send):\n    {code}\n".encode()
    files = {**labs.files(job), "package": bundle.pack({"test_inside.py": module})}
    with lab.snapshot.restore(files, seconds) as process:
        return outcome(process)


def test_counts_are_exact(vmx: Lab) -> None:
    first = list(labs.measure_all(vmx, NAMES, samples=200, jobs=1))
    again = list(labs.measure_all(vmx, NAMES[::-1], samples=200, jobs=2))[::-1]
    for one, other in zip(first, again, strict=True):
        assert one.error is None
        assert one.counts is not None
        assert one.counts == other.counts
        assert one.counts.count == 200


def test_provenance_names_the_machine(vmx: Lab) -> None:
    (result,) = labs.measure_all(vmx, ["exit.pio_out"], samples=100, jobs=1)
    found = target.provenance(result)
    assert found["kbench_backend"] == "vmx-bochs"
    assert found["kbench_cpu_model"] == "Bochs corei7_haswell_4770"
    assert str(found["kbench_pin_bochs"]).startswith("3.0+dfsg ")
    assert "kbench_pin_qemu" not in found


def test_sleep_takes_no_wall_time(vmx: Lab) -> None:
    """Ten minutes of virtual sleep: a halted CPU goes to its next timer."""
    with pytest.raises(errors.AgentFailed, match="RuntimeError: woken"):
        run(vmx, "import time; time.sleep(600); raise RuntimeError('woken')", 300.0)


def test_panic_has_the_consoles_last_lines(vmx: Lab) -> None:
    with pytest.raises(errors.LabPanic, match="sysrq triggered crash"):
        run(vmx, "open('/proc/sysrq-trigger', 'w').write('c')")


def test_wall_limit_leaves_nothing(vmx: Lab) -> None:
    before = children()
    with pytest.raises(errors.WallTimeout, match="within 3 s"):
        run(vmx, "while True: pass", 3.0)
    assert children() == before


def test_bochs_that_is_killed_gives_no_result(vmx: Lab) -> None:
    with vmx.snapshot.restore(labs.files(labs.benchmark_job(NAMES[0])), 60.0) as process:
        process.kill()
        with pytest.raises(errors.EmulatorDied, match="by signal 9"):
            outcome(process)
