# SPDX-License-Identifier: MIT
"""The journal of a suite that is being written: SUITE.journal, one finished run a line.

The first line is a header. A run is appended by one write(2), so that it costs its own size
however many there are, and a writer that is killed leaves every finished run behind it. Nothing
is synced before the suite is complete: finished runs survive the death of the process, not that
of the kernel.

The writer holds flock(2) on the journal for as long as it lives: that keeps a second one out.
"""

import os
import time
from pathlib import Path
from typing import Self

from kbench.errors import KbenchError
from kbench.files import like, locked

FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def beside(suite: Path) -> Path:
    """The journal of `suite`: beside the file itself, where `suite` is a link to it."""
    file = Path(os.path.realpath(suite))
    return file.with_name(f"{file.name}.journal")


class Journal:
    """The journal of `suite`, held by this process: a context manager that lets it go.

    Raises KbenchError while another process holds it, after `wait` seconds, and where it cannot
    be written.
    """

    def __init__(self, suite: Path, wait: float = 0.0) -> None:
        self.suite = suite
        self.path = beside(suite)
        self._descriptor = self._locked(wait)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._descriptor)

    @property
    def size(self) -> int:
        """How many bytes are in it."""
        return os.fstat(self._descriptor).st_size

    def append(self, *lines: bytes) -> None:
        """Add these lines, all or none. Raises KbenchError where there is no room for them."""
        data = b"".join(line + b"\n" for line in lines)
        size = self.size
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            self._cut(size)
            raise KbenchError(f"cannot write {self.path}: {error.strerror}") from None

    def complete(self, data: bytes) -> None:
        """Replace the suite by `data`, which holds all runs of this journal.

        The data is on the disk before the name is, so that not even a power cut leaves half a
        suite. Raises KbenchError where there is no room: then the runs stay in the journal.
        """
        # One name, which only the holder of the lock uses: a killed writer's is written over.
        new = self.path.with_name(f"{self.path.name}.new")
        file = self.path.with_name(self.path.name.removesuffix(".journal"))
        try:
            with new.open("wb") as stream:
                like(file, stream.fileno())
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            new.replace(file)
        except OSError as error:
            raise KbenchError(
                f"cannot write {self.suite}: {error.strerror}; its runs are in {self.path}"
            ) from None
        finally:
            new.unlink(missing_ok=True)

    def clear(self) -> None:
        """Empty it. Raises KbenchError where that is not allowed."""
        self._cut(0)

    def _cut(self, size: int) -> None:
        try:
            os.ftruncate(self._descriptor, size)
        except OSError as error:
            raise KbenchError(f"cannot write {self.path}: {error.strerror}") from None

    def remove(self) -> None:
        """Delete the file; the lock stays."""
        self.path.unlink(missing_ok=True)

    def _locked(self, wait: float) -> int:
        end = time.monotonic() + wait
        try:
            while True:
                descriptor = os.open(self.path, FLAGS, 0o666)
                try:
                    if not locked(descriptor, end - time.monotonic()):
                        raise KbenchError(
                            f"another kbench is writing {self.suite}: --wait SECONDS waits for it "
                            "to end, or choose another -o"
                        )
                    if _is(descriptor, self.path):
                        return descriptor
                except BaseException:
                    os.close(descriptor)
                    raise
                os.close(descriptor)  # its holder has removed it meanwhile
        except OSError as error:
            raise KbenchError(f"cannot write {self.suite}: {error.strerror}") from None


def _is(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
