# SPDX-License-Identifier: MIT
"""What faults are injected into: commands of kbench, each in a place of its own."""

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from support.cli import command

from kbench.kernels import cache

DATA = Path(__file__).parents[1] / "data"
RUN = "-p 2 -n 1 -w 0 -l 200 --wait 120"
LARGE = (
    "kernel-headers",
    "kernel-source",
    "kernel-selftests",
    "kernel-tree",
    "explain",
)  # many files
PATCH = """\
--- a/arch/x86/kvm/x86.c
+++ b/arch/x86/kvm/x86.c
@@ -1,2 +1,3 @@
 // SPDX-License-Identifier: GPL-2.0-only
+/* one line more */
 /*
"""


@dataclass(frozen=True)
class Subject:
    """A command, as words in its directory of copies of DATA.

    `seconds` is what it takes at most without a fault, `weight` how often it is chosen. `writes`
    are the names of the outputs; those of a suite have a journal beside them.
    """

    name: str
    words: str
    weight: int
    seconds: float = 20.0
    writes: tuple[str, ...] = ()
    verdicts: tuple[int, ...] = (0,)
    cached: bool = False
    measures: bool = False


SUBJECTS = (
    Subject("host", f"run floor.clock exit.pio_out --target host {RUN} -o out.json",
            14, 40, ("out.json",), measures=True),
    Subject("append", f"run floor.clock --target host {RUN} --append -o base.json",
            8, 40, ("base.json",), measures=True),
    Subject("lab", "run exit.pio_out floor.syscall --target lab --wait 60 -o out.json",
            8, 60, ("out.json",), cached=True, measures=True),
    Subject("gate", "gate host-a.json host-delayed.json -o gate.xml", 12, writes=("gate.xml",),
            verdicts=(0, 1)),
    Subject("compare", "compare lab-pio.json lab-pio-nop.json -o c.json -o c.md", 12,
            writes=("c.json", "c.md")),
    Subject("show", "show host-a.json lab-pio.json", 10),
    Subject("report", "report lab-pio.json lab-pio-nop.json -o r.html --svg pictures", 3, 60,
            ("r.html", "pictures")),
    Subject("history-add", "history add kept lab-pio.json --commit a --date 2026-01-01", 6,
            writes=("kept",)),
    Subject("history-check", "history check history", 6, verdicts=(0, 1)),
    Subject("lab-build", "lab build", 8, 60, cached=True),
    Subject("kvm-build", "kvm build", 5, 90, cached=True),
    Subject("kvm-patch", "kvm build --patch one.patch", 1, 240, cached=True),
)  # fmt: skip


@dataclass
class Place:
    """Where one case runs: home, cache, temporary files and the current directory below `top`."""

    top: Path
    subject: Subject
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def cwd(self) -> Path:
        return self.top / "cwd"

    @property
    def tmp(self) -> Path:
        return self.top / "tmp"

    @property
    def cache(self) -> Path:
        return self.top / "cache" / "kbench"

    def words(self) -> list[str]:
        return command(*self.subject.words.split())

    def set_up(self, base: Path) -> None:
        """Make it; `base` is a suite of this machine's, the cache is linked from the real one."""
        for directory in (self.top / "home", self.tmp, self.cwd / "history"):
            directory.mkdir(parents=True)
        for suite in DATA.glob("*.json"):
            shutil.copy(suite, self.cwd)
        if base.exists():
            shutil.copy(base, self.cwd / "base.json")
        (self.cwd / "one.patch").write_text(PATCH)
        for number in range(1, 4):
            kept = self.cwd / "history" / f"2026010{number}T000000Z-{number}.json"
            shutil.copy(DATA / "lab-pio.json", kept)
        self.cache.parent.mkdir()
        if self.subject.cached:
            self._link_cache()
        self.environment = {
            **os.environ,
            "HOME": str(self.top / "home"),
            "TMPDIR": str(self.tmp),
            "XDG_CACHE_HOME": str(self.top / "cache"),
        }

    def _link_cache(self) -> None:
        """The real cache without its locks: files are linked (what damages one unlinks it first),
        and large entries are there as a whole.
        """
        self.cache.mkdir()
        for kind in (path for path in cache.root().iterdir() if path.name != "locks"):
            entries = list(kind.iterdir()) if kind.name in LARGE else []
            for entry in entries:
                (self.cache / kind.name).mkdir(exist_ok=True)
                (self.cache / kind.name / entry.name).symlink_to(entry)
            if not entries:
                subprocess.run(["cp", "-al", str(kind), str(self.cache)], check=True)
        # What was killed while it filled the real cache is no fault of this case.
        for unfinished in self.cache.glob("*/.*"):
            if unfinished.is_symlink() or not unfinished.is_dir():
                unfinished.unlink()
            else:
                shutil.rmtree(unfinished)

    def remove(self) -> None:
        shutil.rmtree(self.top, ignore_errors=True)
