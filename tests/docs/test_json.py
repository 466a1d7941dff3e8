# SPDX-License-Identifier: MIT
"""docs/json.md names every key that kbench writes."""

from dataclasses import fields

import pytest
from support.docs import ROOT

from kbench.doctor.capabilities import Capability
from kbench.doctor.disturbances import Check
from kbench.judge.compare import Comparison
from kbench.judge.gate import Outcome
from kbench.judge.selftest import Level, Report
from kbench.judge.series import LevelShift, Series
from kbench.judge.verdict import Change
from kbench.suite.outlier import OutlierRun

KINDS = [
    Capability,
    Change,
    Check,
    Comparison,
    Level,
    Outcome,
    OutlierRun,
    Report,
    Series,
    LevelShift,
]


@pytest.mark.parametrize("kind", KINDS)
def test_keys_are_documented(kind: type) -> None:
    page = (ROOT / "docs/json.md").read_text()
    missing = [field.name for field in fields(kind) if f'"{field.name}"' not in page]
    assert not missing
