# SPDX-License-Identifier: MIT
"""What is left of a session: how many steps, and how long they take by those that are done."""

from collections import Counter
from collections.abc import Iterable, Iterator

Key = tuple[str, ...]


class Remaining:
    """The steps of a session, each of a kind ("run", "calibration") and a benchmark."""

    def __init__(self, steps: Iterable[tuple[str, str]]) -> None:
        """`steps` are (kind, benchmark's name); one that comes twice is two steps."""
        self._left = Counter(steps)
        self._taken: dict[Key, tuple[float, int]] = {}  # seconds, of how many steps
        self.done = 0

    @property
    def total(self) -> int:
        """Steps that are done and that are left."""
        return self.done + self._left.total()

    def finished(self, kind: str, benchmark: str, seconds: float) -> None:
        """Count a step that took `seconds`."""
        self._left[kind, benchmark] -= 1
        self.done += 1
        for key in _keys(kind, benchmark):
            taken, count = self._taken.get(key, (0.0, 0))
            self._taken[key] = taken + seconds, count + 1

    def dropped(self, benchmark: str) -> None:
        """Leave out what is left of a benchmark."""
        for step in list(self._left):
            if step[1] == benchmark:
                del self._left[step]

    def seconds(self) -> float | None:
        """How long what is left will take; None before anything is done."""
        if not self._taken:
            return None
        return sum(self._expected(*step) * count for step, count in self._left.items())

    def _expected(self, kind: str, benchmark: str) -> float:
        """The mean of what is most like this step: itself, its family, its kind, any."""
        key = next(key for key in _keys(kind, benchmark) if key in self._taken)
        seconds, count = self._taken[key]
        return seconds / count


def _keys(kind: str, benchmark: str) -> Iterator[Key]:
    yield kind, benchmark
    yield kind, "", benchmark.partition(".")[0]
    yield (kind,)
    yield ()
