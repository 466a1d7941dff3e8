# SPDX-License-Identifier: MIT
"""The metric table is complete and says what its reader needs."""

import pytest

from kbench.metrics import Metric, metrics


@pytest.mark.parametrize("metric", metrics().values(), ids=lambda metric: metric.name)
def test_row_is_complete(metric: Metric) -> None:
    assert metric.direction in ("lower", "higher")
    assert metric.unit in ("benchmark", "integer", "second", "byte")
    assert metric.field == "values" or metric.field.startswith("kbench_")
    assert metric.means.endswith(".") and metric.spoils.endswith(".")
    assert metric.unless is None or metric.unless in metrics()


def test_host_gates_only_what_repeats() -> None:
    """p99.9 and above, min and max are decided by single events: shown, never gated."""
    gated = {metric.name: metric.margin for metric in metrics().values() if metric.margin}
    assert gated == {"p50": 0.03, "p90": 0.05, "p99": 0.20, "value": 0.05}


def test_unit_of() -> None:
    assert metrics()["p50"].unit_of("integer") == "integer"
    assert metrics()["count"].unit_of("second") == "integer"
