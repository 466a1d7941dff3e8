# SPDX-License-Identifier: MIT
"""One start of the rehearsed machine: QEMU's TCG with SVM, in which CPUs run at once, in time."""

import tarfile
from pathlib import Path

from rehearse.image import INIT, Disks
from rehearse.variants import Variant

from kbench.lab.errors import WallTimeout
from kbench.lab.vm.qemu import installed
from kbench.lab.vm.qemu.process import QemuProcess

INSIDE = Path(__file__).with_name("inside.sh")
MEMORY_MB = 2048
RESULTS_MB = 64
BOOT_SECONDS = 120.0
# A command ends by its own limit; 30 s after that it is killed (inside.sh).
MORE_SECONDS = 40.0


def run(variant: Variant, disks: Disks, out: Path, seconds: float) -> bool:
    """Run the variant's commands, `seconds` each at most; whether the machine has ended by itself.

    What it handed back and its console are then in the directory `out`, whole or not.
    """
    out.mkdir(parents=True)
    results = out / "results.tar"
    results.touch()
    with results.open("r+b") as file:
        file.truncate(RESULTS_MB << 20)
    commands = variant.commands()
    limit = BOOT_SECONDS + len(commands) * (seconds + MORE_SECONDS)
    files = {"job": job(variant, commands, seconds).encode()}
    arguments = _arguments(variant, disks, results)
    ended = True
    with QemuProcess(installed.find(), arguments, files, limit, machine=_machine(variant)) as vm:
        try:
            vm.wait()
        except WallTimeout:
            ended = False
        (out / "console").write_text(vm.console() + vm.log())
    unpack(results, out)
    return ended


def job(variant: Variant, commands: dict[str, str], seconds: float) -> str:
    """What process 1 runs: settings, the commands, and inside.sh."""
    return "\n".join([
        f"KVM='{variant.kvm}' KVM_AMD='{variant.kvm_amd}' ACCOUNT={variant.account}",
        f"SECONDS_EACH={seconds:g}",
        "commands() {",
        *(f"  kbench_ {name} {words}" for name, words in commands.items()),
        "}",
        INSIDE.read_text(),
    ])  # fmt: skip


def unpack(results: Path, out: Path) -> None:
    """Put what the machine wrote last beside it; it may have been killed while it wrote."""
    try:
        with tarfile.open(results) as archive:
            archive.extractall(out, filter="data")
    except tarfile.TarError:
        return
    results.unlink()


def _machine(variant: Variant) -> list[str]:
    return [
        *("-accel", "tcg,thread=multi", "-cpu", "max,+svm,+npt", "-smp", str(variant.cpus)),
        *("-nodefaults", "-no-user-config", "-vga", "none", "-net", "none", "-display", "none"),
        "-no-reboot",  # a kernel that panics ends it
    ]


def _arguments(variant: Variant, disks: Disks, results: Path) -> list[str]:
    command_line = f"root=/dev/vda rw console=ttyS0 panic=-1 init={INIT} {variant.kernel}"
    drives = (
        (disks.root, "snapshot=on"),
        (disks.packages, "readonly=on"),
        (results, "cache=writeback"),
    )
    words = ["-m", f"{MEMORY_MB}M", "-kernel", str(disks.kernel), "-initrd", str(disks.initrd)]
    words += ["-append", command_line]
    for path, option in drives:
        file = str(path).replace(",", ",,")
        words += ["-drive", f"file={file},if=virtio,format=raw,{option}"]
    return words
