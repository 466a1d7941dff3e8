# SPDX-License-Identifier: MIT
"""`kbench report --template`: figures in a text of one's own, in Markdown and for a mail."""

from pathlib import Path

import pytest
from support.cli import kbench
from support.reports import lab
from support.suites import LAB, lab_run, write


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "suites").mkdir()
    return lab(tmp_path / "suites" / "stock.json")


def fill(suite: Path, text: str, output: str) -> str:
    folder = suite.parent.parent
    (folder / "t.j2").write_text(text)
    kbench("report", suite, "--template", folder / "t.j2", "-o", folder / output).worked()
    return (folder / output).read_text()


def test_links_lead_to_the_suite(suite: Path) -> None:
    text = fill(
        suite,
        "{{ link(suite('stock')('exit.hlt')) }} is {{ suite('stock')('exit.hlt').p50 }}",
        "a.md",
    )
    assert text == "[`exit.hlt`](<suites/stock.json>) is 4,119\n"


def test_tables_are_those_of_the_form(suite: Path) -> None:
    text = "{{ show(pick(['exit.hlt', 'exit.none'], suite('stock')), {'p50': 'p50'}) }}"
    assert fill(suite, text, "a.md") == (
        "| benchmark | p50 |\n|---|--:|\n| [`exit.hlt`](<suites/stock.json>) | 4,119 |\n"
    )
    assert fill(suite, text, "a.txt") == "benchmark    p50\n----------------\nexit.hlt   4,119\n"


def test_what_was_not_measured_leaves_no_trace(suite: Path) -> None:
    text = "a\n\n{% if suite('other')('exit.hlt') %}never{% endif %}\n\n{{ show([], {}) }}\n\nb\n"
    assert fill(suite, text, "a.md") == "a\n\nb\n"


def test_a_mail_is_ascii_of_72_columns(suite: Path) -> None:
    text = fill(
        suite, "{% filter wrap %}" + "word µ-word " * 40 + "\n- item\n{% endfilter %}", "a.txt"
    )
    assert text.isascii() and text.endswith("\n\n- item\n")
    assert 60 < max(map(len, text.splitlines())) <= 72


def test_included_templates_lie_beside(suite: Path) -> None:
    (suite.parent.parent / "answers.j2").write_text("{% macro say() %}4,119{% endmacro %}")
    assert (
        fill(suite, "{% import 'answers.j2' as a with context %}{{ a.say() }}", "a.md") == "4,119\n"
    )


def test_refusals(suite: Path, tmp_path: Path) -> None:
    template = tmp_path / "bad.j2"
    for text, message in (
        ("{{ nothing }}", "bad.j2: 'nothing' is undefined"),
        ("\n{% if %}", "bad.j2:2: Expected an expression"),
        ("{{ suite('stock')('exit.none').p50 }}", "has no attribute 'p50'"),
        ("{{ ().__class__.__base__ }}", "unsafe"),
    ):
        template.write_text(text)
        assert (
            message in kbench("report", suite, "--template", template, "--format", "md").refused()
        )
    for words, message in (
        (("-o", tmp_path / "a.html"), "--template makes Markdown or text"),
        ((), "--template takes one output"),
        (("--format", "md", "--svg", tmp_path), "--template takes one output"),
    ):
        assert message in kbench("report", suite, "--template", template, *words).refused()
    missing = kbench(
        "report", suite, "--template", tmp_path / "none.j2", "--format", "md"
    ).refused()
    assert "cannot read" in missing and "none.j2" in missing


def test_names_in_suites_are_no_markup(tmp_path: Path) -> None:
    runs = {"exit.`|<b>x</b>": [lab_run(1)]}
    path = write(tmp_path / "a.json", runs, **LAB)
    template = tmp_path / "t.j2"
    template.write_text("{{ show(suite('a').matching('*'), {'p50': 'p50'}) }}")
    text = kbench("report", path, "--template", template, "--format", "md").worked()
    assert "| [`exit.'\\|<b>x</b>`](<" in text
