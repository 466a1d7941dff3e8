# SPDX-License-Identifier: MIT
"""Writing a file whole or not at all."""

import os
import tempfile
from pathlib import Path

from kbench.errors import KbenchError


def check_absent(path: Path, remedy: str) -> None:
    """Raise KbenchError where `path` exists, with the remedy."""
    if path.exists():
        raise KbenchError(f"{path} exists: {remedy}")


def temporary_beside(path: Path) -> Path:
    """An empty file in the directory of `path`, to become `path` by rename.

    Raises KbenchError where the directory cannot be written.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise KbenchError(f"cannot write {path}: {error.strerror}") from None
    os.close(descriptor)
    # mkstemp makes files private; an output is as readable as any other.
    umask = os.umask(0)
    os.umask(umask)
    temporary = Path(name)
    temporary.chmod(0o666 & ~umask)
    return temporary


def write_atomically(path: Path, data: bytes, *, force: bool = False) -> None:
    """Write `data` to `path`; an existing file is replaced with `force` and else refused."""
    if not force:
        check_absent(path, "choose another -o, or --force")
    temporary = temporary_beside(path)
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        raise KbenchError(f"cannot write {path}: {error.strerror}") from None
    finally:
        temporary.unlink(missing_ok=True)
