# SPDX-License-Identifier: MIT
"""A table as data, and its aligned form: nothing is cut, at any width."""

import pytest

from kbench.present.table import Table, figures, words
from kbench.present.text import table_lines
from kbench.units import Figure

TABLE = Table(
    (*words("benchmark"), *figures("min", "p50", "energy"), *words("verdict")),
    (
        ("exit.pio_out", Figure(7.02e-6, "second"), Figure(7.8e-6, "second"), None, "same"),
        ("wake.irqfd@hlt-exit", "", 3031, None, "cannot tell (over 4000 further pairs)"),
    ),
    "Title",
    ("A note.",),
    optional=("min",),
)


def test_a_column_without_a_figure_goes_first() -> None:
    shown = table_lines(TABLE, 100)
    assert shown[1].split() == ["benchmark", "min", "p50", "verdict"]
    assert shown[0] == "Title" and shown[-1] == "A note."


def test_words_stand_left_and_figures_right() -> None:
    _, head, first, second, _ = table_lines(TABLE, 100)
    assert head.index("p50") + 3 == first.index("7.80 us") + 7 == second.index("3,031") + 5
    assert first.index("same") == second.index("cannot tell")


def test_optional_columns_go_before_words_wrap_and_those_before_names_stand_alone() -> None:
    assert "min" in table_lines(TABLE, 80)[1]
    wrapped = table_lines(TABLE, 70)
    assert "min" in wrapped[1] and wrapped[4].strip() == "pairs)"
    assert table_lines(TABLE, 60)[1].split() == ["benchmark", "p50", "verdict"]
    stacked = table_lines(TABLE, 30)
    assert "wake.irqfd@hlt-exit" in stacked
    assert any(line.startswith("    ") and "3,031" in line for line in stacked)


@pytest.mark.parametrize("width", range(20, 120, 7))
def test_nothing_is_cut_at_any_width(width: int) -> None:
    text = " ".join(" ".join(table_lines(TABLE, width)).split())
    for whole in ("exit.pio_out", "wake.irqfd@hlt-exit", "7.80 us", "3,031", "further"):
        assert whole in text
    assert max(map(len, table_lines(TABLE, width))) <= width


def test_a_line_is_no_workflow_command() -> None:
    nasty = Table(words("benchmark"), (("::error::x",), ("  ::stop-commands::y",)))
    assert not any(line.lstrip().startswith("::") for line in table_lines(nasty, 80))
