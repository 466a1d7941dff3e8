# SPDX-License-Identifier: MIT
"""Where code lies in a lab: the kernel's symbols, the modules' sections, the process's maps.

Addresses are the same in every run (`nokaslr`, `norandmaps`), and a ready lab has loaded and
mapped all code that a benchmark executes, so each of the two answers is asked for once and
kept in the cache.
"""

import base64
import zlib
from pathlib import Path

from kbench.explain.errors import Unexplained
from kbench.kernels import cache
from kbench.kernels.cache import Progress
from kbench.lab import labs
from kbench.lab.inside import bundle
from kbench.lab.labs import Lab
from kbench.lab.outcome import outcome
from kbench.lab.protocol import Job

INSIDE = Path(__file__).with_name("inside") / "mapped.py"
MODULE = "mapped"
NAMES = {"kernel": ("kallsyms",), "process": ("sections", "maps")}


def found(lab: Lab, progress: Progress) -> dict[str, str]:
    """The texts of /proc/kallsyms, of /proc/self/maps, and "MODULE SECTION ADDRESS" a line.

    Raises Unexplained for a kernel without symbols, and the LabError of a run that fails.
    """
    kernel = lab.snapshot.kernel
    key = cache.digest(kernel.content, *lab.identity.values())
    texts = {
        **_asked(lab, "kernel", key, progress),
        **_asked(lab, "process", lab.snapshot.key, progress),
    }
    if not texts["kallsyms"]:
        raise Unexplained(
            f"Linux {kernel.version} was built without CONFIG_KALLSYMS: its functions have no names"
        )
    return texts


def _asked(lab: Lab, function: str, key: str, progress: Progress) -> dict[str, str]:
    def build(work: Path) -> None:
        progress(f"asking the lab where its code lies ({function})")
        for name, text in _run(lab, function).items():
            (work / name).write_bytes(zlib.compress(text, 1))

    key = f"{key}-{cache.digest(INSIDE.read_bytes())}"
    place = cache.entry("explain", key, build, progress)
    return {name: zlib.decompress((place / name).read_bytes()).decode() for name in NAMES[function]}


def _run(lab: Lab, function: str) -> dict[str, bytes]:
    job = Job(entry=f"{MODULE}:{function}")
    package = bundle.pack({f"{MODULE}.py": INSIDE.read_bytes()})
    files = {**labs.files(job), "package": package}
    with lab.snapshot.restore(files, labs.WALL_SECONDS) as process:
        _, answers = outcome(process)
    return {name: zlib.decompress(base64.b64decode(str(answers[name]))) for name in NAMES[function]}
