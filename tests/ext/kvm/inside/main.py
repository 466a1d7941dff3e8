# SPDX-License-Identifier: MIT
"""The lab job: every selftest that the loaded modules can run, and then the kernel's log."""

import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kbench._abi import lib
from kbench.kvm import System, extension

Send = Callable[[dict[str, Any]], None]
# Module -> the KVM_KBENCH_* bits its tests need, 0 for stock KVM.
SUITES = {
    "quirk": 0,
    "costs": 0,
    "userspace_exits": lib.KVM_KBENCH_USERSPACE_EXITS,
    "rfc_v1": lib.KVM_KBENCH_RFC_V1,
    "mwait_yield": lib.KVM_KBENCH_MWAIT_YIELD,
    "entry_intercepts": lib.KVM_KBENCH_ENTRY_INTERCEPTS | lib.KVM_KBENCH_USERSPACE_EXITS,
    "idle_flag": lib.KVM_KBENCH_IDLE_FLAG | lib.KVM_KBENCH_USERSPACE_EXITS,
    "mwait_step": lib.KVM_KBENCH_MWAIT_STEP | lib.KVM_KBENCH_IDLE_FLAG,
    "mwait_lowprio": lib.KVM_KBENCH_MWAIT_LOWPRIO,
    "mwait_monitor": lib.KVM_KBENCH_MWAIT_MONITOR,
    "vcpu_poll": lib.KVM_KBENCH_VCPU_POLL | lib.KVM_KBENCH_USERSPACE_EXITS,
    "run_mp_state": lib.KVM_KBENCH_RUN_MP_STATE | lib.KVM_KBENCH_USERSPACE_EXITS,
}
# Of virtual time: a test that hangs ends here.
SECONDS = 60.0
BAD = ("WARNING", "BUG", "Oops", "Call Trace", "RIP:", "general protection")


def hang(name: str, send: Send) -> None:
    """A selftest did not end: report it and end the lab (the agent is __main__)."""
    send({"test": name, "result": f"it did not end within {SECONDS:g} s of virtual time"})
    sys.modules["__main__"].leave(1)  # type: ignore[attr-defined]


def main(job: dict[str, Any], send: Send) -> None:
    """Send one message a test, {"test": name, "result": "" or the failure}, and the log."""
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.signal(signal.SIGALRM, lambda *_: None)
    with System() as system:
        have = extension.mechanisms(system)
    send({"test": "capability", "result": "", "bits": have})
    only = job.get("only", [])
    for suite, bits in SUITES.items():
        if bits & ~have:
            continue
        module = importlib.import_module(f"selftests.{suite}")
        for name in [name for name in dir(module) if name.startswith("test_")]:
            if only and not any(part in f"{suite}.{name}" for part in only):
                continue
            watch = threading.Timer(SECONDS, hang, (f"{suite}.{name}", send))
            watch.daemon = True
            watch.start()
            try:
                extra = getattr(module, name)()
                send({"test": f"{suite}.{name}", "result": "", **(extra or {})})
            except BaseException:
                send({"test": f"{suite}.{name}", "result": traceback.format_exc()})
            watch.cancel()
    log = kernel_log()
    bad = [line for line in log if any(word in line for word in BAD)]
    send({"test": "kernel_log", "result": "\n".join(bad)})
    taint = int(Path("/proc/sys/kernel/tainted").read_text())
    send({"test": "taint", "result": "", "taint": taint})


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
