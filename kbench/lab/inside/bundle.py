# SPDX-License-Identifier: MIT
"""Files in one string of bytes: a line of JSON, path -> size, and their contents in that order.

The host packs, the agent unpacks: it has this file from the snapshot, and so this imports
nothing of kbench. A zip archive would take the agent 0.4 million instructions a file.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path


def pack(files: Mapping[str, bytes]) -> bytes:
    """The bundle of `files`: path -> content."""
    index = json.dumps({name: len(content) for name, content in files.items()})
    return b"".join((index.encode(), b"\n", *files.values()))


def unpack(bundle: bytes, place: str) -> None:
    """Write the files below the directory `place`."""
    start = bundle.index(b"\n") + 1
    made = set()
    for name, size in json.loads(bundle[:start]).items():
        path = f"{place}/{name}"
        directory = path.rpartition("/")[0]
        if directory not in made:
            Path(directory).mkdir(parents=True, exist_ok=True)
            made.add(directory)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.write(fd, bundle[start : start + size])
        os.close(fd)
        start += size
