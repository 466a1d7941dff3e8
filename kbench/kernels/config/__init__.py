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
    """One of kbench's own fragments: required, build or tiny."""
    return parse((resources.files(__name__) / f"{name}.config").read_text())


def text(options: Mapping[str, str]) -> str:
    """`options` as .config has them."""
    return "".join(f"{name}={value}\n" for name, value in options.items())


def require(written: str, kernel: str) -> None:
    """Raise BuildFailed that names what the .config `written` of `kernel` lacks for the lab."""
    found = parse(written)
    lacking = [
        f"{name}={value}"
        for name, value in fragment("required").items()
        if found.get(name, "n") != value
    ]
    if lacking:
        raise BuildFailed(f"the lab cannot boot {kernel}: it needs {', '.join(lacking)}")
