# SPDX-License-Identifier: MIT
"""Rows and documents for programs: CSV and JSON."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any


def to_json(document: Mapping[str, Any]) -> str:
    """`document`, indented; what JSON has no word for, an infinity, is null."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(_finite(document)), indent=2).decode() + "\n"


def to_csv(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Raw values, comma-separated, a line a row; an unknown one is empty."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([map(_cell, row) for row in rows])
    return made.getvalue()


def _finite(value: Any) -> Any:
    match value:
        case dict():
            return {key: _finite(item) for key, item in value.items()}
        case list() | tuple():
            return [_finite(item) for item in value]
    return None if _unknown(value) else value


def _unknown(value: object) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def _cell(value: object) -> object:
    """What a spreadsheet would take for a formula is quoted."""
    if _unknown(value):
        return ""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value
