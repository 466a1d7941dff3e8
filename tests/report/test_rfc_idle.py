# SPDX-License-Identifier: MIT
"""reports/rfc-idle/: what is stored there is what its suites and templates make."""

from pathlib import Path

import pytest

from kbench.report.embed import extract
from kbench.report.model import Model, build
from kbench.report.render.template import from_template

FOLDER = Path(__file__).parents[2] / "reports" / "rfc-idle"
ORDER = ("lab-6.1-stock", "lab-6.1-all", "lab-6.12-stock", "lab-6.12-all", "host")
RENEW = "make reports-render renews it"


@pytest.fixture(scope="module")
def suites() -> list[Path]:
    return [FOLDER / "suites" / f"{name}.json" for name in ORDER]


@pytest.fixture(scope="module")
def model(suites: list[Path]) -> Model:
    return build(suites)


@pytest.mark.parametrize(("name", "form"), [("README.md", "md"), ("mail.txt", "txt")])
def test_no_figure_is_stale(model: Model, name: str, form: str) -> None:
    made = from_template(FOLDER / f"{name}.j2", form, model, FOLDER / name)
    assert made == (FOLDER / name).read_text(), RENEW


def test_the_page_holds_these_suites(suites: list[Path]) -> None:
    assert extract(FOLDER / "report.html") == {path.name: path.read_bytes() for path in suites}, (
        RENEW
    )


def test_every_picture_of_the_markdown_is_there() -> None:
    text = (FOLDER / "report.md").read_text()
    named = {part.partition(">)")[0] for part in text.split("](<")[1:]}
    assert named == {f"pictures/{path.name}" for path in (FOLDER / "pictures").iterdir()}, RENEW


def test_the_mail_is_ascii_of_72_columns() -> None:
    text = (FOLDER / "mail.txt").read_text()
    assert text.isascii() and max(map(len, text.splitlines())) <= 72


def test_every_question_of_the_thread_has_an_answer() -> None:
    headings = [
        line for line in (FOLDER / "README.md").read_text().splitlines() if line[:3] == "## "
    ]
    for word in ("yield()", "userspace exit", "MWAIT idle burn", "mp_state", "Which policy"):
        assert any(word in line for line in headings), word
