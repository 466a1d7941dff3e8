# SPDX-License-Identifier: MIT
"""ELF files made smaller, where binutils are installed: the lab copies and parses each byte."""

import os
import shutil
import subprocess

STRIP_SECONDS = 60


def stripped(data: bytes, option: str) -> bytes:
    """What strip(1) makes of the file `data`; `data` itself where it cannot."""
    if shutil.which("strip") is None:
        return data
    before, after = os.memfd_create("kbench-elf"), os.memfd_create("kbench-elf-stripped")
    try:
        os.write(before, data)
        paths = [f"/proc/{os.getpid()}/fd/{fd}" for fd in (after, before)]
        done = subprocess.run(
            ["strip", option, "-o", *paths], capture_output=True, timeout=STRIP_SECONDS, check=False
        )
        result = os.pread(after, os.fstat(after).st_size, 0)
    finally:
        os.close(before)
        os.close(after)
    return result if done.returncode == 0 and result else data
