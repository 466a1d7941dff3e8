# SPDX-License-Identifier: MIT
"""The configuration of a kernel that kbench builds: a base, and what the lab needs on top."""

from collections.abc import Callable
from pathlib import Path

from kbench.kernels import config, packages
from kbench.kernels.cache import Progress
from kbench.kernels.errors import BuildFailed, KernelError

# Base -> MB of disk of a first build with its sources, and its CPU seconds, None where nobody has
# measured them: gcc 12, Linux 6.1, tiny 6.12 with an empty ccache.
BASES: dict[str, tuple[int, int | None]] = {
    "distribution": (2500, 1080),
    "tiny": (2000, 530),
    "debug": (2000, None),
    "kcsan": (2000, None),
}
# The bases that add options to "tiny" without which there is no point in them.
CHECKERS = ("debug", "kcsan")
# The release of Debian's whose configuration is the base "distribution".
DEBIAN = "6.1"


def options(base: str, progress: Progress) -> config.Options:
    """The options that go into .config before the tree's own defaults fill it up.

    Of a distribution's configuration everything stays that is built in; of its modules
    those that KVM needs. Raises KernelError for an unknown base or without Debian's package.
    """
    if base not in BASES:
        raise KernelError(f"no base configuration {base!r}: known are {', '.join(BASES)}")
    if base != "distribution":
        below = config.fragment("tiny") | (config.fragment(base) if base in CHECKERS else {})
    else:
        written = config.parse(packages.kernel(DEBIAN, progress).configuration())
        needed = config.fragment("tiny")
        below = {
            name: value
            for name, value in written.items()
            if value != "m" or needed.get(name) == "m"
        }
    return below | config.fragment("build") | config.fragment("required")


def configure(
    out: Path, base: str, chosen: config.Options, make: Callable[..., str], kernel: str
) -> None:
    """Write `out`/.config; `make` runs make(1) there with the words that it is given.

    Raises KernelError that names what the tree does not let the configuration have.
    """
    fragment = out / "kbench.config"
    fragment.write_text(config.text(chosen))
    if base != "distribution":
        make(f"KCONFIG_ALLCONFIG={fragment}", "allnoconfig")
    else:
        (out / ".config").write_text(config.text(chosen))
        make("olddefconfig")
    written = (out / ".config").read_text()
    config.require(written, kernel)
    if base in CHECKERS and (lacking := config.missing(written, base)):
        raise BuildFailed(f"{kernel} cannot be a {base} kernel: it lacks {', '.join(lacking)}")
