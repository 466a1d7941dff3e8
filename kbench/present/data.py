# SPDX-License-Identifier: MIT
"""A comparison as JSON and CSV, for programs; docs/json.md describes the JSON."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from kbench.judge.compare import Comparison
from kbench.judge.gate import Outcome
from kbench.judge.verdict import Change

VERSION = 1
_COLUMNS = [field.name for field in fields(Change) if field.name not in ("margin", "notes")]


def to_json(comparisons: Sequence[Comparison], outcome: Outcome | None = None) -> str:
    """One document for all comparisons; with an outcome, that of a gate."""
    import msgspec

    document: dict[str, Any] = {
        "version": VERSION,
        "comparisons": [_finite(asdict(comparison)) for comparison in comparisons],
    }
    if outcome is not None:
        document["gate"] = asdict(outcome)
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def to_csv(comparisons: Sequence[Comparison]) -> str:
    """One line a change: the files, then the fields of Change; shares as plain numbers."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["base_file", "head_file", *_COLUMNS])
    for comparison in comparisons:
        for change in comparison.changes:
            values = [getattr(change, name) for name in _COLUMNS]
            cells = ["" if _unknown(value) else _inert(value) for value in values]
            writer.writerow([_inert(comparison.base), _inert(comparison.head), *cells])
    return text.getvalue()


def _finite(value: Any) -> Any:
    """`value` with every infinity as None: JSON has no word for it."""
    match value:
        case dict():
            return {key: _finite(item) for key, item in value.items()}
        case list() | tuple():
            return [_finite(item) for item in value]
    return None if _unknown(value) else value


def _unknown(value: object) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def _inert(value: object) -> object:
    """A text that a spreadsheet would take for a formula, quoted."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value
