# SPDX-License-Identifier: MIT
"""A report of 100 benchmarks x 2 suites: time to make and to open it, its size (`make perf`)."""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.browser import browser
from support.reports import hundred

# Two frames after the load event everything has been drawn.
DRAWN = "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        suites = [hundred(folder / "a.json", 1), hundred(folder / "b.json", 2)]
        page = folder / "r.html"
        kbench = Path(sys.executable).with_name("kbench")
        begin = time.perf_counter()
        subprocess.run([kbench, "report", *suites, "-o", page], check=True)
        wall = time.perf_counter() - begin
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        with browser() as opened:
            opened.open(suites[0])  # starts the renderer
            begin = time.perf_counter()
            opened.open(page)
            opened.run(DRAWN)
            drawn = time.perf_counter() - begin
        for title, figure, goal in (
            ("report_seconds", wall, "<= 10"),
            ("report_cpu_seconds", used.ru_utime + used.ru_stime, "-"),
            ("report_mb", page.stat().st_size / 1e6, "<= 3"),
            ("report_drawn_seconds", drawn, "<= 2"),
        ):
            print(f"{title:24}{figure:12.4g}   goal {goal}")


if __name__ == "__main__":
    main()
