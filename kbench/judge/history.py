# SPDX-License-Identifier: MIT
"""Suites kept by date and commit in a directory.

A file is named DATE-COMMIT.json: 20260131T120000Z-0123456789ab.json. The directory may be part of
a repository: as it holds nothing else, merging two histories is a union of files.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from kbench.errors import KbenchError
from kbench.files import write_atomically
from kbench.suite.format import HISTOGRAM
from kbench.suite.load import load
from kbench.suite.pyperf_json import Scalar, is_stream
from kbench.suite.suite import Suite

_NAME = re.compile(r"(\d{8}T\d{6}Z)-([0-9A-Za-z._-]{1,60})\.json(\.gz)?")
_DATE = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One suite of a history."""

    date: datetime
    commit: str
    suite: Suite


def add(directory: Path, suite: Path, commit: str, date: datetime) -> Path:
    """Keep a copy of `suite` in `directory` and return its path; KbenchError if it is there."""
    if is_stream(suite):
        raise KbenchError(f"{suite} is a stream: a history keeps copies of files")
    load(suite)
    suffix = ".json.gz" if suite.suffix == ".gz" else ".json"
    name = f"{date.astimezone(UTC).strftime(_DATE)}-{commit}{suffix}"
    if len(date.astimezone(UTC).strftime(_DATE)) != len("20260131T120000Z"):
        raise KbenchError(f"{date:%Y-%m-%d}: a history has the years 1000 to 9999")
    if not _NAME.fullmatch(name):
        raise KbenchError(f"{commit!r} is no commit: letters, digits, dot, - and _, at most 60")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        data = suite.read_bytes()
    except OSError as error:
        raise KbenchError(f"cannot keep {suite} in {directory}: {error.strerror}") from None
    place = directory / name
    if place.exists():
        raise KbenchError(f"{place} is in the history already")
    write_atomically(place, data)
    return place


def entries(directory: Path) -> list[HistoryEntry]:
    """All suites of a history, oldest first; KbenchError when there is none."""
    if not directory.is_dir():
        raise KbenchError(f"{directory} is not a directory: kbench history add makes one")
    found = []
    for path in sorted(directory.iterdir()):
        matched = _NAME.fullmatch(path.name)
        if matched:
            try:
                date = datetime.strptime(matched[1], _DATE).replace(tzinfo=UTC)
            except ValueError:
                raise KbenchError(f"{path}: there is no such date: rename or remove it") from None
            found.append(HistoryEntry(date, matched[2], _without_histograms(load(path))))
    if not found:
        raise KbenchError(f"{directory} holds no suites: kbench history add puts them there")
    return found


def _without_histograms(suite: Suite) -> Suite:
    """What a history needs: hundreds of suites with their histograms would fill the memory."""

    def scalars(metadata: Mapping[str, Scalar]) -> dict[str, Scalar]:
        return {key: value for key, value in metadata.items() if not key.startswith(HISTOGRAM)}

    kept = {}
    for benchmark in suite:
        common = scalars(benchmark.runs[0].common)
        runs = tuple(replace(run, own=scalars(run.own), common=common) for run in benchmark.runs)
        kept[benchmark.name] = replace(benchmark, runs=runs)
    return Suite(suite.path, kept)
