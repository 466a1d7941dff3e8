# SPDX-License-Identifier: MIT
"""The installed `kbench` command in a process of its own, as a user starts it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

LIMIT = 60.0  # seconds: none of these commands may hang a test run
PATIENCE = 20.0  # seconds to wait for another kbench to end its measurement

# A short run: one calibrated value of 200 round trips.
QUICK = ("-p", "1", "-n", "1", "-w", "0", "-l", "200")


def kbench(
    *words: object, cwd: Path | None = None, prefix: tuple[str, ...] = (), limit: float = LIMIT
) -> "Result":
    """Run `kbench WORDS...` for `limit` seconds at most; `prefix` is a command that runs it."""
    done = subprocess.run(
        [*prefix, *command(*words)],
        cwd=cwd, capture_output=True, text=True, timeout=limit, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return Result(done)


def measure(*words: object, cwd: Path | None = None) -> "Result":
    """`kbench run --target host WORDS...`; waits, and then skips, while another kbench measures."""
    end = time.monotonic() + PATIENCE
    while True:
        result = kbench("run", "--target", "host", *words, cwd=cwd)
        if "another kbench is measuring" not in result.err:
            return result
        if time.monotonic() > end:
            pytest.skip("another kbench is measuring on this machine")
        time.sleep(1)


def command(*words: object) -> list[str]:
    """The argument list of `kbench WORDS...`: the console script of this environment."""
    script = Path(sys.executable).with_name("kbench")
    return [str(script), *map(str, words)]


class Result:
    """What a finished command said: `status`, `out`, `err`."""

    def __init__(self, done: "subprocess.CompletedProcess[str]") -> None:
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    def refused(self, status: int = 2) -> str:
        """The last line on stderr of a command that failed as it should: no traceback."""
        assert self.status == status, (self.status, self.out, self.err)
        assert "Traceback" not in self.err + self.out, self.err
        return self.err.splitlines()[-1]

    def worked(self) -> str:
        """The output of a command that succeeded."""
        assert self.status == 0, (self.status, self.out, self.err)
        return self.out


def workers(group: int | None = None) -> set[int]:
    """The process ids of live kbench workers; of children of `group` alone where given."""
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue  # it has ended meanwhile
        if b"kbench.worker" in words and group in (None, parent):
            found.add(int(entry.name))
    return found


def wait_for(condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    """Poll until `condition` holds; fail with `what` when it never does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)


def without_kvm() -> tuple[str, ...]:
    """A prefix that runs a command where /dev has no kvm; skips the test where it cannot."""
    return _devices()


def with_foreign_kvm() -> tuple[str, ...]:
    """A prefix that runs a command where /dev/kvm is another device, /dev/null."""
    return _devices("touch $d/kvm && mount --bind /dev/null $d/kvm")


def with_forbidden_kvm() -> tuple[str, ...]:
    """A prefix that runs a command where /dev/kvm is for group nogroup, and root not in it."""
    # KVM_MINOR of include/linux/miscdevice.h; the open fails before anyone asks for the driver.
    node = "mknod -m 660 $d/kvm c 10 232 && chown 65534:nogroup $d/kvm"
    return _devices(node, limits="setpriv --bounding-set=-dac_override,-dac_read_search")


def _devices(kvm: str = "true", limits: str = "") -> tuple[str, ...]:
    """A prefix that runs a command in a /dev of null alone and what `kvm` makes below $d."""
    null = "touch $d/null && mount --bind /dev/null $d/null"
    return _namespace(f"{null} && {kvm} && mount --rbind $d /dev", limits)


def with_readonly(directory: Path) -> tuple[str, ...]:
    """A prefix that runs a command where `directory` is mounted read-only."""
    return _namespace(
        f"mount --bind {directory} {directory} && mount -o remount,ro,bind {directory}"
    )


def _namespace(setup: str, limits: str = "") -> tuple[str, ...]:
    if os.geteuid():
        pytest.skip("needs root: it mounts over /dev in a mount namespace")
    if not (shutil.which("unshare") and shutil.which("setpriv")):
        pytest.skip("needs unshare and setpriv (util-linux)")
    script = f'd=/mnt && mount -t tmpfs none $d && {setup} && exec {limits} "$@"'
    prefix = ("unshare", "--mount", "sh", "-c", script, "sh")
    if subprocess.run([*prefix, "true"], capture_output=True).returncode:
        pytest.skip("this machine allows no mount namespace")
    return prefix
