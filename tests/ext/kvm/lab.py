# SPDX-License-Identifier: MIT
"""Runs the selftests of inside/ in the lab: one restored snapshot a variant and kernel."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from kbench.kernels import cache, find, modinfo
from kbench.kmod import live as live_module
from kbench.kmod import modules, recipes
from kbench.lab.image import payload
from kbench.lab.inside import bundle
from kbench.lab.vm import snapshot
from kbench.lab.vm.machines import SVM, LabMachine

HERE = Path(__file__).parent
GUESTS = HERE.parents[2] / "guests"
WALL_SECONDS = 400.0
# QEMU that runs a single-stepped MWAIT. 10.0 delivers its #DB past the intercept, or aborts.
STEPS_MWAIT = "7."
UNSTEPPED = "QEMU {}: a single-stepped MWAIT crashes this emulator"
Messages = dict[str, dict[str, Any]]


def guest(scratch: Path) -> bytes:
    """The selftests' guest, assembled as guests/meson.build does it."""
    elf, image = scratch / "guest.elf", scratch / "guest.bin"
    command = ["gcc", "-m64", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none"]
    command += ["-Wl,--no-warn-rwx-segments", f"-I{GUESTS}", f"-Wl,-T,{GUESTS / 'guest.ld'}"]
    command += [str(HERE / "guest.S"), str(GUESTS / "start.S"), "-o", str(elf)]
    subprocess.run(command, check=True, capture_output=True)
    subprocess.run(["objcopy", "-O", "binary", elf, image], check=True, capture_output=True)
    return image.read_bytes()


def package(scratch: Path, others: Mapping[str, bytes] = MappingProxyType({})) -> bytes:
    """kbench as the lab gets it, with the selftests beside it; `others` in place of theirs."""
    files = payload.package()
    for path in sorted((HERE / "inside").glob("*.py")):
        files[f"selftests/{path.name}"] = others.get(path.name, path.read_bytes())
    return bundle.pack({**files, "selftests/guest.bin": guest(scratch)})


def built(kernel: str, variant: str, machine: LabMachine = SVM) -> dict[str, bytes]:
    """The modules of a variant, by name, in the order of loading."""
    tree = find.find(kernel, print).tree(print)
    recipe = recipes.variant(tree, variant, print)
    made = modules.build(tree, recipe, print)
    found = {name: made.path(name) for name in machine.modules if name in modules.NAMES}
    if modules.INTEL in machine.modules:
        found[modules.INTEL] = modules.build_intel(tree, recipe, print)
    return {name: payload.module(path.read_bytes()) for name, path in found.items()}


def live(kernel: str) -> dict[str, bytes]:
    """The distribution's modules and the live one, in the order of loading."""
    distributed = find.find(kernel, print)
    # With their local symbols: a probe is placed by the name of a static function.
    found = {name: modinfo.content(distributed, name) for name in SVM.modules}
    made = live_module.build(distributed.tree(print), print)
    return {**found, live_module.NAME: payload.module(made.read_bytes())}


def run(
    kernel: str,
    loaded: dict[str, bytes],
    scratch: Path,
    only: Sequence[str] = (),
    *,
    parameters: str = "",
    unload: Sequence[str] = (),
    suites: Sequence[str] = (),
    kept: pytest.Cache | None = None,
    others: Mapping[str, bytes] = MappingProxyType({}),
    machine: LabMachine = SVM,
) -> Messages:
    """Test name -> its message, of every selftest that the mechanisms of `loaded` allow.

    `only` selects tests by parts of their names, `parameters` are kvm-amd's, `unload` are
    modules that go at the end, `suites` modules of inside/ that run in the place of all, and
    `others` files in the place of inside/'s.
    What `kept` has of an equal run is the answer.
    """
    shot = snapshot.ensure(find.find(kernel, print), print, machine)
    job: dict[str, Any] = {
        "modules": list(loaded),
        "entry": "selftests.main:main",
        "only": list(only),
    }
    job |= {"parameters": parameters, "unload": list(unload)}
    job |= {"suites": list(suites), "without": {}}
    version = shot.emulator.version
    if machine == SVM and not version.startswith(STEPS_MWAIT):
        job["without"] = {"mwait_step": UNSTEPPED.format(version.split()[0])}
    files = {"job": json.dumps(job).encode(), "package": package(scratch, others), **loaded}
    # The lab is exact: the same files give the same messages.
    key = f"selftests/{cache.digest(shot.key, *(part for file in files.items() for part in file))}"
    if kept and (known := kept.get(key, None)):
        return Messages(known)
    with shot.restore(files, WALL_SECONDS) as process:
        process.wait()
        results, console = process.results(), process.console()
    messages = {line["test"]: line for line in map(json.loads, results.splitlines())}
    if "kernel_log" not in messages:
        last = list(messages.values())[-3:]
        raise AssertionError(f"the selftests did not end: {last}\n{console[-3000:]}")
    if kept:
        kept.set(key, messages)
    return messages
