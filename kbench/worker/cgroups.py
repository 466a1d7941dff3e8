# SPDX-License-Identifier: MIT
"""A cgroup for each of several threads of this process: cgroup v2 with its cpu controller.

The scheduler shares a pCPU between cgroups first, then within each: what a task gives up by
yield() or a low priority goes to others of its cgroup. Threads of one process may be in
different cgroups where those are "threaded" (Documentation/admin-guide/cgroup-v2.rst).
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from kbench.errors import Unavailable

DELEGATION = "run it as root, or under systemd-run --user --scope -p Delegate=yes"
END_SECONDS = 5.0  # for threads that have ended to leave their cgroup


@contextmanager
def cgroups(names: Sequence[str]) -> Iterator[dict[str, Path]]:
    """A threaded cgroup of each name, as the file to which a thread's id is written.

    They are below this process's own cgroup and removed at the end, when their threads must have
    ended. Raises Unavailable where there is no cgroup v2, or the cpu controller is not delegated.
    """
    top = own_cgroup()
    with ExitStack() as stack:
        try:
            if "cpu" not in (top / "cgroup.controllers").read_text().split():
                raise Unavailable(f"{top} has no cpu controller: {DELEGATION}")
            made = {name: _threaded(top, name, stack) for name in names}
            _enable(top / "cgroup.subtree_control", stack)
        except OSError as error:
            reason = f"no cgroups below {top} ({error.strerror}): {DELEGATION}"
            raise Unavailable(reason) from None
        yield {name: path / "cgroup.threads" for name, path in made.items()}


def own_cgroup() -> Path:
    """The directory of this process's cgroup. Raises Unavailable without a cgroup v2 hierarchy."""
    mounts = (line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines())
    found = [Path(each[4]) for each in mounts if each[each.index("-") + 1] == "cgroup2"]
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    own = [line.removeprefix("0::/") for line in lines if line.startswith("0::/")]
    if not (found and own):
        raise Unavailable("there is no cgroup v2 hierarchy, which threads in cgroups take")
    return found[0] / own[0]


def _threaded(top: Path, name: str, stack: ExitStack) -> Path:
    path = top / f"kbench-{os.getpid()}-{name}"
    path.mkdir()
    stack.callback(_remove, path)
    (path / "cgroup.type").write_text("threaded")
    return path


def _enable(control: Path, stack: ExitStack) -> None:
    if "cpu" not in control.read_text().split():
        control.write_text("+cpu")
        stack.callback(_disable, control)


def _disable(control: Path) -> None:
    with suppress(OSError):  # somebody else may use it by now
        control.write_text("-cpu")


def _remove(path: Path) -> None:
    """Remove the cgroup `path`. A thread is in it until it is gone from the kernel."""
    end = time.monotonic() + END_SECONDS
    while True:
        try:
            path.rmdir()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
