# SPDX-License-Identifier: MIT
"""Runs a program in the lab and reports its TAP output, a message for each test."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fw_cfg  # type: ignore[import-not-found]  # beside this file in the lab

PLACE = Path("/tmp/program")  # of the lab, whose files go with it
SECONDS = 60.0
LINE = re.compile(r"(ok|not ok) \d+ (.*)")


def main(job: dict[str, Any], send: Callable[[dict[str, Any]], None]) -> None:
    PLACE.write_bytes(fw_cfg.files()["program"])
    PLACE.chmod(0o755)
    environment = {**os.environ, "LD_LIBRARY_PATH": ""}
    done = subprocess.run(
        [PLACE], capture_output=True, text=True, timeout=SECONDS, env=environment, check=False
    )
    for line in done.stdout.splitlines():
        if found := LINE.match(line):
            result = "" if found[1] == "ok" else line
            send({"test": found[2], "result": result, "skipped": line if "SKIP" in line else ""})
    send({"test": "output", "result": "", "status": done.returncode, "text": done.stdout,
          "errors": done.stderr})  # fmt: skip
