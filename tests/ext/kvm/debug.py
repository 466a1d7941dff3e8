# SPDX-License-Identifier: MIT
"""The races on four CPUs that run at once, on a kernel that shows misuse of locks and memory.

`make debug-kernel` builds the kernel once, which took 20 minutes on two loaded CPUs; after that
`make test-kvm` has a sample. `.venv/bin/python -P tests/ext/kvm/debug.py BASE ROUNDS [TEST ...]`
runs the races for long: BASE is "debug" or "kcsan", each TEST a part of a test's name.
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from ext.kvm import lab
from kbench.kernels import vmlinux
from kbench.kernels.kernel import Kernel
from kbench.kernels.tree import build
from kbench.lab.image import initramfs
from kbench.lab.vm import snapshot
from kbench.lab.vm.qemu import installed, options
from kbench.lab.vm.qemu.process import QemuProcess

CPUS = 4
MEMORY_MB = 1536
# KASAN and the emulation of four CPUs on fewer: milliseconds for what takes microseconds.
SCALE = "ROUNDS = {rounds}\nLATE = LOST = 20.0\nSLOWER = 10\nTEST_SECONDS = 3600.0\n"
MACHINE = ("-accel", "tcg,thread=multi", "-smp", str(CPUS), *options.PARTS)
KERNEL_OPTIONS = (
    *("mitigations=off", "tsc=reliable", "rcupdate.rcu_cpu_stall_suppress=1"),
    *("cryptomgr.notests", "console=ttyS0", "quiet", "panic=-1", "rdinit=/agent/agent.py"),
    *("PYTHONHOME=/usr", "LD_LIBRARY_PATH=/lib", "PYTHONHASHSEED=0"),
)
RACES = ("race",)
DEBIAN, BASE = "6.1", "debug"  # what test-kvm has a sample of


def run(
    kernel: Kernel, variant: str, scratch: Path, rounds: int, only: Sequence[str], seconds: float
) -> lab.Messages:
    """The messages of the selftests whose names have a part in `only`, by name."""
    booted, archive = scratch / "kernel", scratch / "initrd"
    booted.write_bytes(vmlinux.bootable(kernel.vmlinuz))
    archive.write_bytes(initramfs.build(snapshot.below(kernel)))
    loaded = lab.built(kernel.spec, variant)
    job: dict[str, object] = {"modules": list(loaded), "entry": "selftests.main:main"}
    job |= {"only": list(only), "parameters": "", "unload": [], "suites": [], "without": {}}
    package = lab.package(scratch, {"scale.py": SCALE.format(rounds=rounds).encode()})
    files = {"job": json.dumps(job).encode(), "package": package, **loaded}
    arguments = ["-m", f"{MEMORY_MB}M", "-kernel", str(booted), "-initrd", str(archive)]
    # The agent's pause is for a snapshot: go on at once.
    arguments += ["-append", " ".join(KERNEL_OPTIONS), "-action", "panic=none"]
    with QemuProcess(installed.find(), arguments, files, seconds, machine=MACHINE) as process:
        process.wait()
        results, console = process.results(), process.console() + process.log()
    messages = {line["test"]: line for line in map(json.loads, results.splitlines())}
    assert "kernel_log" in messages, f"{list(messages)[-3:]}\n{console[-6000:]}"
    return messages


def main() -> None:
    base, *rest = sys.argv[1:] or [BASE]
    kernel = build.packaged(DEBIAN, base, print)
    if not rest:
        return
    with tempfile.TemporaryDirectory() as scratch:
        found = run(kernel, "all", Path(scratch), int(rest[0]), rest[1:] or RACES, 4 * 3600.0)
    for name, message in found.items():
        print(name, message, flush=True)


if __name__ == "__main__":
    main()
