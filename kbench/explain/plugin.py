# SPDX-License-Identifier: MIT
"""The plugin of QEMU's TCG, compiled once: ext/lab/executed.c says what it writes."""

from importlib import resources
from pathlib import Path

from kbench import programs
from kbench.kernels import cache, tools
from kbench.kernels.cache import Progress

SOURCE = "executed.c"
OPTIONS = ("-std=gnu11", "-O2", "-shared", "-fPIC", "-fvisibility=hidden")
COMPILE_SECONDS = 120


def built(progress: Progress) -> Path:
    """The compiled plugin. Raises ProgramsMissing, and KernelError when it does not compile."""
    source = resources.files("kbench") / "_plugin" / SOURCE
    text = source.read_bytes()

    def build(work: Path) -> None:
        programs.require("explain")
        progress("compiling the plugin that explains counts")
        with resources.as_file(source) as path:
            command: list[tools.Word] = ["gcc", *OPTIONS, "-o", work / "executed.so", path]
            tools.run(command, COMPILE_SECONDS, what="the plugin of QEMU does not compile")

    place = cache.entry("plugin", cache.digest(text, *OPTIONS), build, progress)
    return place / "executed.so"
