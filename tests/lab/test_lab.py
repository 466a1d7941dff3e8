# SPDX-License-Identifier: MIT
"""The lab itself: what it measures, and how each way of failing ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kbench.kernels import debian, modinfo
from kbench.lab import errors, labs
from kbench.lab.image import initramfs
from kbench.lab.inside import bundle
from kbench.lab.labs import Lab, LabResult
from kbench.lab.outcome import outcome
from kbench.lab.protocol import Job
from kbench.lab.vm import snapshot
from kbench.lab.vm.machines import SVM
from kbench.lab.vm.qemu import migrate
from kbench.targets.running import Running

pytestmark = pytest.mark.lab

NAMES = ["exit.pio_out", "floor.immediate_exit", "exit.mmio_read"]


def emulators(parent: int) -> set[int]:
    """The process ids of the running QEMUs that `parent` started."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
            ppid = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if b"name=opt/kbench/job" in words and ppid == parent:
            found.add(int(entry.name))
    return found


def job(entry: str = "", **changes: Any) -> Job:
    if entry:
        changes["entry"] = f"test_inside:{entry}"
    return replace(Job("exit.pio_out", 100, 5.0, 20.0), **changes)


def with_code(code: str) -> dict[str, bytes]:
    """The files of a job that is `code`, the body of test_inside.main()."""
    module = f"def main(job, send):\n    {code}\n"
    package = bundle.pack({"test_inside.py": module.encode()})
    return {**labs.files(job("main")), "package": package}


def run(lab: Lab, files: dict[str, bytes], seconds: float = 60.0) -> object:
    with lab.snapshot.restore(files, seconds) as process:
        return outcome(process)


def test_counts_are_exact(lab: Lab) -> None:
    first = list(labs.measure_all(lab, NAMES, samples=200, jobs=1))
    again = list(labs.measure_all(lab, NAMES[::-1], samples=200, jobs=2))[::-1]
    for one, other in zip(first, again, strict=True):
        assert one.error is None
        assert one.counts is not None
        assert one.counts == other.counts
        assert one.counts.count == 200
        assert one.counts.minimum == one.counts.maximum
    assert [result.benchmark for result in first] == NAMES
    assert first[0].facts["kbench_kernel"] == lab.snapshot.kernel.release


def test_a_round_trip_beyond_the_limit_ends_it(lab: Lab) -> None:
    (result,) = labs.measure_all(lab, ["exit.pio_out"], samples=20, jobs=1)
    assert result.counts is not None
    count = result.counts.minimum
    for limit, events in ((count - 1, 1), (count, 20)):
        (found,) = labs.measure_all(lab, ["exit.pio_out"], samples=20, stop_above=limit)
        assert found.counts is not None
        assert (found.counts.count, found.counts.maximum) == (events, count)
        assert found.counts.figures.get("outlier") == (count if events == 1 else None)


def modules(lab: Lab) -> dict[str, bytes]:
    """The distribution's KVM modules."""
    kernel = lab.snapshot.kernel
    return {name: modinfo.content(kernel, name) for name in SVM.modules}


def test_module_of_another_kernel_is_refused(lab: Lab) -> None:
    found = modules(lab)
    magic = modinfo.field(found["kvm"], "vermagic").encode()
    found["kvm"] = found["kvm"].replace(magic, magic.replace(b"SMP", b"UP "))
    with pytest.raises(errors.ModuleRefused, match=r"kvm: Exec format error\n.*version magic"):
        snapshot.ready(lab.snapshot.kernel, labs.loading(found), print)


def test_unknown_symbol_is_named(lab: Lab) -> None:
    found = {"kvm-amd": modules(lab)["kvm-amd"]}
    with pytest.raises(errors.ModuleRefused, match=r"(?s)kvm-amd: No such file.*Unknown symbol"):
        snapshot.ready(lab.snapshot.kernel, labs.loading(found), print)


def test_what_is_loaded_is_loaded_once(lab: Lab) -> None:
    lines: list[str] = []
    again = labs.prepare("6.1", labs.STOCK, lines.append)
    assert again.snapshot.key == lab.snapshot.key
    assert lines == []


def test_panic_has_the_consoles_last_lines(lab: Lab) -> None:
    with pytest.raises(errors.LabPanic, match="sysrq triggered crash"):
        run(lab, with_code("open('/proc/sysrq-trigger', 'w').write('c')"))


def test_exception_in_the_measuring_code(lab: Lab) -> None:
    with pytest.raises(errors.AgentFailed, match="ZeroDivisionError"):
        run(lab, with_code("1 / 0"))


def test_crash_of_the_agent(lab: Lab) -> None:
    with pytest.raises(errors.AgentFailed, match=r"crashed\n.*Attempted to kill init"):
        run(lab, with_code("import ctypes; ctypes.string_at(0)"))


def test_virtual_limit(lab: Lab) -> None:
    with pytest.raises(errors.VirtualTimeout, match=r"0\.001 s of virtual time"):
        run(lab, labs.files(job(virtual_seconds=0.001)))


def test_blocked_lab_does_not_wait_in_wall_time(lab: Lab) -> None:
    """Ten minutes of virtual sleep pass at once: nothing runs until the next timer."""
    with pytest.raises(errors.AgentFailed, match="RuntimeError: woken"):
        run(lab, with_code("import time; time.sleep(600); raise RuntimeError('woken')"))


def test_wall_limit(lab: Lab) -> None:
    with pytest.raises(errors.WallTimeout, match="within 3 s"):
        run(lab, with_code("while True: pass"), 3.0)
    assert emulators(os.getpid()) == set()


def test_foreign_snapshot_is_refused(lab: Lab, tmp_path: Path) -> None:
    for name in (migrate.RAM, migrate.STATE):
        (tmp_path / name).symlink_to(lab.snapshot.place / name)
    devices = (tmp_path / migrate.STATE).read_bytes()
    (tmp_path / migrate.STATE).unlink()
    (tmp_path / migrate.STATE).write_bytes(devices.replace(b"pc-i440fx", b"pc-i440fy"))
    shot = replace(lab.snapshot, place=tmp_path)
    with pytest.raises(errors.SnapshotUnusable, match="kbench lab clean"):
        shot.restore(labs.files(job()), 60.0)
    assert emulators(os.getpid()) == set()


def test_missing_snapshot_file(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(errors.LabError):
        replace(lab.snapshot, place=tmp_path).restore(labs.files(job()), 60.0)


def test_boot_without_an_agent(root: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(initramfs, "build", lambda modules: b"")
    with pytest.raises(errors.BootFailed, match="Kernel panic"):
        snapshot.ensure(lab.snapshot.kernel, print)
    assert list((root / "snapshot").iterdir()) == []


def test_closing_the_iterator_ends_the_emulators(lab: Lab) -> None:
    results = labs.measure_all(lab, NAMES * 4)
    assert next(results).error is None
    assert isinstance(results, Generator)
    results.close()
    assert emulators(os.getpid()) == set()


def test_stopped_run_kills_what_comes_later(lab: Lab) -> None:
    running = Running()
    running.stop()
    result: LabResult = lab.measure(job(), running)
    assert isinstance(result.error, errors.EmulatorDied)


def test_qemu_killed_near_its_end_gives_no_partial_result(lab: Lab) -> None:
    """Windows that were sent before the facts are not a sample."""
    files = with_code("send({'counts': 'of one window'})\n    while True: pass")
    with lab.snapshot.restore(files, 60.0) as process:
        while b"one window" not in process.results():
            time.sleep(0.001)
        process.kill()
        with pytest.raises(errors.EmulatorDied, match="by signal 9"):
            outcome(process)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_labs_die_with_kbench(lab: Lab, number: signal.Signals) -> None:
    program = (
        "from kbench.lab import labs\n"
        f"lab = labs.prepare({debian.DEFAULT!r}, 'stock', print)\n"
        f"list(labs.measure_all(lab, {NAMES!r} * 40))"
    )
    with subprocess.Popen(
        [sys.executable, "-P", "-c", program], stderr=subprocess.DEVNULL, start_new_session=True
    ) as child:
        end = time.monotonic() + 60
        while len(running := emulators(child.pid)) < 2:
            assert time.monotonic() < end, "no labs were started"
            time.sleep(0.02)
        os.kill(child.pid, number)
        child.wait(30)
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in running):
        assert time.monotonic() < end, "a QEMU outlived kbench"
        time.sleep(0.05)
