# SPDX-License-Identifier: MIT
"""The lab job: every selftest that the loaded modules can run, and then the kernel's log."""

import ctypes
import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import fw_cfg  # type: ignore[import-not-found]  # beside this file in the lab
from selftests import quirk
from selftests.machine import Skip, expect
from selftests.scale import TEST_SECONDS
from selftests.uses import present

from kbench._abi import lib
from kbench.kvm import System, extension

Send = Callable[[dict[str, Any]], None]
Test = Callable[[], dict[str, Any] | None]
# Module -> the KVM_KBENCH_* bits its tests need, 0 for stock KVM.
SUITES = {
    "quirk": 0,
    "shadow": 0,
    "costs": 0,
    "costs_used": 0,
    "event_table": 0,
    "userspace_exits": lib.KVM_KBENCH_USERSPACE_EXITS,
    "rfc_v1": lib.KVM_KBENCH_RFC_V1,
    "mwait_yield": lib.KVM_KBENCH_MWAIT_YIELD,
    "entry_intercepts": lib.KVM_KBENCH_ENTRY_INTERCEPTS,
    "idle_flag": lib.KVM_KBENCH_IDLE_FLAG,
    "mwait_step": lib.KVM_KBENCH_MWAIT_STEP,
    "mwait_lowprio": lib.KVM_KBENCH_MWAIT_LOWPRIO,
    "mwait_monitor": lib.KVM_KBENCH_MWAIT_MONITOR,
    "vcpu_poll": lib.KVM_KBENCH_VCPU_POLL,
    "run_mp_state": lib.KVM_KBENCH_RUN_MP_STATE,
}
# Modules whose check_*(use) run for each mechanism that is there.
FOR_EACH = ("interactions", "races")
INIT_MODULE, DELETE_MODULE = 175, 176  # system calls of x86-64
BAD = ("WARNING", "BUG", "Oops", "Call Trace", "RIP:", "general protection")


def hang(name: str, send: Send) -> None:
    """A selftest did not end: report it and end the lab (the agent is __main__)."""
    send({"test": name, "result": f"it did not end within {TEST_SECONDS:g} s"})
    sys.modules["__main__"].leave(1)


def main(job: dict[str, Any], send: Send) -> None:
    """Send one message a test, {"test": name, "result": "" or the failure}, and the log."""
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.signal(signal.SIGALRM, lambda *_: None)
    with System() as system:
        have = extension.mechanisms(system)
    send({"test": "capability", "result": "", "bits": have})
    if job["parameters"]:
        reload("kvm_amd", job["parameters"])
    only = job["only"]
    chosen = suites(job["suites"]) if job["suites"] else tests(have, job["without"])
    for name, test in chosen:
        if not only or any(part in name for part in only):
            perform(name, test, send)
    for name in job["unload"]:
        perform(f"unload.{name}", partial(unload, name), send)
        perform("after.quirk", quirk.test_pending_signal_updates, send)
    log = kernel_log()
    bad = [line for line in log if any(word in line for word in BAD)]
    missed = [line.partition(";")[2] for line in log if " missed, results are void" in line]
    send({"test": "kernel_log", "result": "\n".join(bad), "missed": missed})
    taint = int(Path("/proc/sys/kernel/tainted").read_text())
    send({"test": "taint", "result": "", "taint": taint})


def reload(name: str, parameters: str) -> None:
    """Load a KVM module once more, with parameters."""
    data = fw_cfg.files()[name.replace("_", "-")]
    unload(name)
    system_call("init_module", INIT_MODULE, data, len(data), parameters.encode())


def unload(name: str) -> dict[str, int]:
    """rmmod. It must be gone afterwards. The module's own count of missed probes, if it has one."""
    missed = Path(f"/sys/module/{name}/parameters/missed")
    said = {"missed": int(missed.read_text())} if missed.exists() else {}
    system_call("delete_module", DELETE_MODULE, name.encode(), os.O_NONBLOCK)
    loaded = [line.split()[0] for line in Path("/proc/modules").read_text().splitlines()]
    expect(name in loaded, False, f"{name} in /proc/modules")
    return said


def system_call(name: str, number: int, *arguments: int | bytes) -> None:
    if ctypes.CDLL(None, use_errno=True).syscall(number, *arguments):
        raise OSError(ctypes.get_errno(), name)


def suites(names: Sequence[str]) -> Iterator[tuple[str, Test]]:
    """Every test of these modules, by its name."""
    for suite in names:
        module = importlib.import_module(f"selftests.{suite}")
        for name in [name for name in dir(module) if name.startswith("test_")]:
            yield f"{suite}.{name}", getattr(module, name)


def tests(have: int, without: dict[str, str]) -> Iterator[tuple[str, Test]]:
    """Every test that the modules with the bits `have` can run, by its name.

    `without`: mechanism -> why the emulator cannot run it.
    """
    for suite, bits in SUITES.items():
        if bits & ~have == 0 and suite in without:
            yield f"{suite}.skipped", partial(skip, without[suite])
        elif bits & ~have == 0:
            yield from suites([suite])
    if have & ~lib.KVM_KBENCH_RFC_V1:
        yield from suites(["switching"])
    for suite in FOR_EACH:
        module = importlib.import_module(f"selftests.{suite}")
        for mechanism, use in present(without).items():
            for name in [name for name in dir(module) if name.startswith("check_")]:
                yield f"{suite}.{name}[{mechanism}]", partial(getattr(module, name), use)


def skip(reason: str) -> None:
    raise Skip(reason)


def perform(name: str, test: Test, send: Send) -> None:
    """Run one test and send its message: the failure, or the reason of a skip."""
    watch = threading.Timer(TEST_SECONDS, hang, (name, send))
    watch.daemon = True
    watch.start()
    try:
        extra = test()
        send({"test": name, "result": "", **(extra or {})})
    except Skip as skip:
        send({"test": name, "result": "", "skipped": str(skip)})
    except BaseException:
        send({"test": name, "result": traceback.format_exc()})
    watch.cancel()


def kernel_log() -> list[str]:
    """The kernel's messages since boot."""
    lines = []
    fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    try:
        while True:
            lines.append(os.read(fd, 8192).decode(errors="replace"))
    except BlockingIOError:
        return lines
    finally:
        os.close(fd)
