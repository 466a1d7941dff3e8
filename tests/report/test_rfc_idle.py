# SPDX-License-Identifier: MIT
"""reports/rfc-idle/: what is stored there is what its suites and templates make."""

import re
from pathlib import Path

import pytest

from kbench.answers.rfc.lab import MECHANISMS
from kbench.answers.rfc.questions import SENTENCES
from kbench.report.model import Model, build
from kbench.report.render.template import from_template
from kbench.report.sections import content
from kbench.report.write import stem

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "reports" / "rfc-idle"
LABS = [f"lab-{kernel}-{kvm}" for kernel in ("6.1", "6.12") for kvm in ("stock", "rfc-v1", "all")]
ALONE = sorted(f"lab-6.12-{name}" for name in MECHANISMS)
RENEW = "make reports-render renews it"
TEXTS = ("README.md", "details.md", "mail.txt")
MAIL_LINES, ANSWER_LINES = 120, 10
TIME = re.compile(
    r"(?<![-\w])(\d[\d,.]* ?(ns|us|ms|s)|seconds?|milliseconds?|times a second|a second)\b"
    r"|% of a pCPU|/s\b"
)


@pytest.fixture(scope="module")
def suites() -> list[Path]:
    found = [FOLDER / "suites" / f"{name}.json" for name in (*LABS, "host")]
    return [path for path in found if path.is_file()]


@pytest.fixture(scope="module")
def model(suites: list[Path]) -> Model:
    return build(suites)


@pytest.fixture(scope="module")
def told(suites: list[Path]) -> Model:
    """What the texts are made from: the page's suites, and each mechanism alone."""
    alone = [FOLDER / "suites" / f"{name}.json" for name in ALONE]
    return build([*suites, *(path for path in alone if path.is_file())])


def text(name: str) -> str:
    return (FOLDER / name).read_text()


@pytest.mark.parametrize("name", TEXTS)
def test_no_figure_is_stale(told: Model, name: str) -> None:
    form = "txt" if name.endswith(".txt") else "md"
    made = from_template(FOLDER / f"{name}.j2", form, told, FOLDER / name)
    assert made == text(name), RENEW


def test_the_pictures_are_those_of_the_suites(model: Model) -> None:
    """By name: `make reports-render` draws them, in the first scale of each."""
    pictures = [p for section in content(model).sections for p in section.pictures]
    names = {stem(picture, options) for picture in pictures for options in picture.still()}
    assert {path.stem for path in (FOLDER / "pictures").iterdir()} == names, RENEW


def test_no_rendered_page_is_stored() -> None:
    """The page and its Markdown are megabytes that `make reports-render` makes anew."""
    names = {path.name for path in FOLDER.iterdir() if path.is_file()}
    assert names == {name for stored in TEXTS for name in (stored, f"{stored}.j2")}


def test_the_mail_is_ascii_of_72_columns() -> None:
    mail = text("mail.txt")
    assert mail.isascii() and max(map(len, mail.splitlines())) <= 72
    assert len(mail.splitlines()) <= MAIL_LINES


# details.md says what is not, with the reason.
@pytest.mark.parametrize("name", ["README.md", "mail.txt"])
def test_every_answer_is_supported(name: str) -> None:
    assert "Not answered" not in text(name)


@pytest.mark.parametrize("name", ["README.md", "mail.txt"])
def test_no_time_is_said_of_the_lab(name: str) -> None:
    """Its figures are instructions, exits and switches of an event."""
    found = [line for line in text(name).splitlines() if TIME.search(line)]
    assert [line for line in found if "1 ns" not in line] == []


def test_details_say_no_time_before_the_host() -> None:
    lines = text("details.md").partition("## The host")[0].splitlines()
    found = [line for line in lines if TIME.search(line) and not line.startswith("| host |")]
    assert [line for line in found if "1 ns" not in line] == []


def test_the_scan_finds_a_time() -> None:
    for line in ("99.8 % of a pCPU", "64 us at most", "39,115 items a second", "250 exits/s"):
        assert TIME.search(line), line
    assert not TIME.search("hlt-poll-200us executes 9,951 instructions in 10^9")


def answers(path: Path) -> list[str]:
    """The items under the heading of the answers."""
    _, _, rest = path.read_text().partition("<!-- answers -->\n")
    return [line for line in rest.partition("<!-- end -->")[0].splitlines() if line]


def test_the_answers_come_first_and_are_few() -> None:
    readme = text("README.md")
    assert 5 <= len(answers(FOLDER / "README.md")) <= ANSWER_LINES
    assert readme.count("\n|---") == 1 and readme.count("![") == 1
    order = [readme.index(part) for part in ("## Answers", "\n|---", "![", "## What this cannot")]
    assert order == sorted(order)


def test_every_question_of_the_thread_has_an_answer() -> None:
    items = answers(FOLDER / "README.md")
    for word in ("yield()", "exits to userspace", "each event", "mp_state", "MWAIT policies"):
        assert any(word in item for item in items), word


def test_the_front_page_has_the_same_answers() -> None:
    front = ROOT / "README.md"
    assert answers(front) == answers(FOLDER / "README.md"), RENEW
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", front.read_text()):
        assert (ROOT / path).is_file(), path


def test_every_sentence_is_said_somewhere() -> None:
    used = "".join(text(f"{name}.j2") for name in TEXTS)
    assert {name for name in SENTENCES if f'"{name}"' not in used} == set()


def test_quotes_stand_under_who_wrote_them_and_when() -> None:
    """In the order of the thread; the template has no quote of its own."""
    assert not [line for line in text("mail.txt.j2").splitlines() if line.startswith(">")]
    dates = re.findall(r"^On \w+, (2023-09-\d\d), [\w ]+ wrote:\n> ", text("mail.txt"), re.M)
    assert len(dates) >= 5 and dates[1:] == sorted(dates[1:])


def test_a_policy_of_the_mail_is_defined_where_it_first_appears() -> None:
    mail = text("mail.txt")
    table = mail.index("policy ")
    for name in set(re.findall(r"\b(?:hlt|mwait)-[a-z-]+", mail)):
        assert mail.index(name) > table, name
