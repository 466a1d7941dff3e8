# SPDX-License-Identifier: MIT
"""reports/kernels/: what is stored there is what its suites and its template make."""

from pathlib import Path

import pytest

from kbench.answers.kernels import SENTENCES
from kbench.report.model import Model, build
from kbench.report.render.template import from_template
from kbench.report.sections import content

FOLDER = Path(__file__).parents[2] / "reports" / "kernels"
SUITES = [FOLDER / "suites" / f"{name}.json" for name in ("6.1", "6.12", "newest")]


@pytest.fixture(scope="module")
def model() -> Model:
    return build(SUITES)


def test_no_figure_is_stale(model: Model) -> None:
    made = from_template(FOLDER / "README.md.j2", "md", model, FOLDER / "README.md")
    assert made == (FOLDER / "README.md").read_text(), "make reports-kernels renews it"
    assert "Not answered" not in made


def test_the_template_says_each_sentence() -> None:
    used = (FOLDER / "README.md.j2").read_text()
    assert {name for name in SENTENCES if f'"{name}"' not in used} == set()


def test_the_picture_is_of_the_three_kernels(model: Model) -> None:
    (picture,) = next(s for s in content(model).sections if s.anchor == "kernels").pictures
    assert (FOLDER / f"{picture.name}.svg").is_file()
    assert [key.label for key in picture.legend] == ["6.1", "6.12", "newest"]


def test_other_suites_have_no_such_picture() -> None:
    one = content(build(SUITES[:1]))
    assert "kernels" not in {section.anchor for section in one.sections}
