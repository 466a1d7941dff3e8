# SPDX-License-Identifier: MIT
"""reports/rfc-idle/: what is stored there is what its suites and templates make."""

from pathlib import Path

import pytest

from kbench.report.model import Model, build
from kbench.report.render.template import from_template
from kbench.report.sections import content
from kbench.report.write import stem

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


def test_the_pictures_are_those_of_the_suites(model: Model) -> None:
    """By name: `make reports-render` draws them, in the first scale of each."""
    pictures = [p for section in content(model).sections for p in section.pictures]
    names = {stem(picture, options) for picture in pictures for options in picture.still()}
    assert {path.stem for path in (FOLDER / "pictures").iterdir()} == names, RENEW


def test_no_rendered_page_is_stored() -> None:
    """The page and its Markdown are megabytes that `make reports-render` makes anew."""
    names = {path.name for path in FOLDER.iterdir() if path.is_file()}
    assert names == {"README.md", "README.md.j2", "answers.j2", "mail.txt", "mail.txt.j2"}


def test_the_mail_is_ascii_of_72_columns() -> None:
    text = (FOLDER / "mail.txt").read_text()
    assert text.isascii() and max(map(len, text.splitlines())) <= 72


def test_every_question_of_the_thread_has_an_answer() -> None:
    headings = [
        line for line in (FOLDER / "README.md").read_text().splitlines() if line[:3] == "## "
    ]
    for word in ("yield()", "userspace exit", "MWAIT idle burn", "mp_state", "Which policy"):
        assert any(word in line for line in headings), word
