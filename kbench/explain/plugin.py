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
    sources = resources.files("kbench") / "_plugin"
    texts = [each.read_bytes() for each in sorted(sources.iterdir(), key=lambda each: each.name)]

    def build(work: Path) -> None:
        programs.require("explain")
        progress("compiling the plugin that explains counts")
        with resources.as_file(sources) as place:
            command: list[tools.Word] = ["gcc", *OPTIONS, "-o", work / "executed.so"]
            command.append(place / SOURCE)
            tools.run(command, COMPILE_SECONDS, what="the plugin of QEMU does not compile")

    place = cache.entry("plugin", cache.digest(*texts, *OPTIONS), build, progress)
    return place / "executed.so"
