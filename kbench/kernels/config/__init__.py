# SPDX-License-Identifier: MIT
"""Kernel configurations: what the lab needs of one, and the fragments that a build adds."""

import re
from collections.abc import Mapping
from importlib import resources

from kbench.kernels.errors import BuildFailed

# Option -> value as .config has it: y, m, a number or a quoted string; n where it is off.
Options = dict[str, str]
OPTION = re.compile(r"(?:# )?(CONFIG_\w+)(?:=(.*)| is not set)")


def parse(text: str) -> Options:
    """The options that a .config or a fragment of one sets or turns off."""
    found = (OPTION.fullmatch(line) for line in text.splitlines())
    return {match[1]: match[2] or "n" for match in found if match}


def fragment(name: str) -> Options:
    """One of kbench's own fragments: required, build, tiny, debug or kcsan."""
    return parse((resources.files(__name__) / f"{name}.config").read_text())


def text(options: Mapping[str, str]) -> str:
    """`options` as .config has them."""
    return "".join(f"{name}={value}\n" for name, value in options.items())


def require(written: str, kernel: str) -> None:
    """Raise BuildFailed that names what the .config `written` of `kernel` lacks for the lab."""
    if lacking := missing(written, "required"):
        raise BuildFailed(f"the lab cannot boot {kernel}: it needs {', '.join(lacking)}")


def missing(written: str, name: str) -> list[str]:
    """What the .config `written` does not have as the fragment `name` has it."""
    found = parse(written)
    wanted = fragment(name).items()
    return [f"{option}={value}" for option, value in wanted if found.get(option, "n") != value]
