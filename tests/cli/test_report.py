# SPDX-License-Identifier: MIT
"""`kbench report` as a user types it: forms, outputs, refusals, and getting the suites back."""

import re
import time
from pathlib import Path

import pytest
from support.cli import kbench
from support.reports import host, hundred, lab


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("suites")
    return host(folder / "base.json"), host(folder / "head.json", 1.2, seed=1)


def test_page_gives_the_suites_back(suites: tuple[Path, Path], tmp_path: Path) -> None:
    kbench("report", *suites, "-o", tmp_path / "r.html").worked()
    out = kbench("report", "--extract", tmp_path / "r.html", "-o", tmp_path / "back").worked()
    assert out.split() == [str(tmp_path / "back" / path.name) for path in suites]
    for path in suites:
        assert (tmp_path / "back" / path.name).read_bytes() == path.read_bytes()
    again = kbench("report", "--extract", tmp_path / "r.html", "-o", tmp_path / "back")
    assert "base.json exists: choose another folder with -o, or --force" in again.refused()


def test_page_is_one_file_that_names_no_other(suites: tuple[Path, Path], tmp_path: Path) -> None:
    kbench("report", *suites, "-o", tmp_path / "r.html").worked()
    text = (tmp_path / "r.html").read_text()
    links = set(re.findall(r"""(?:href|src)=["']([^"']{0,30})""", text))
    assert all(link.startswith(("#", "data:application/gzip")) for link in links)
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")


def test_the_same_suites_make_the_same_page(suites: tuple[Path, Path], tmp_path: Path) -> None:
    for name in ("1.html", "2.html"):
        kbench("report", *suites, "-o", tmp_path / name).worked()
    assert (tmp_path / "1.html").read_bytes() == (tmp_path / "2.html").read_bytes()


def test_markdown_links_its_pictures(suites: tuple[Path, Path], tmp_path: Path) -> None:
    page = tmp_path / "r.md"
    kbench("report", *suites, "-o", page, "--svg", tmp_path / "pictures").worked()
    links = re.findall(r"!\[[^\n]*\]\(<(.*)>\)", page.read_text())
    assert len(links) > 10
    assert {tmp_path / link for link in links} == set((tmp_path / "pictures").iterdir())


def test_pictures_as_svg_and_png(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    kbench("report", lab(tmp_path / "a.json"), "--svg", folder, "--png", folder).worked()
    svg = {path.stem for path in folder.glob("*.svg")}
    assert svg == {path.stem for path in folder.glob("*.png")}
    assert "exits-lab-svm-tcg-6-1-exit" in svg
    text = (folder / "exits-lab-svm-tcg-6-1-exit.svg").read_text()
    assert "round trip, instructions (emulated lab)" in text
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in folder.glob("*.png"))


def test_refusals(suites: tuple[Path, Path], tmp_path: Path) -> None:
    base = suites[0]
    taken = tmp_path / "taken.html"
    taken.write_text("mine")
    broken = tmp_path / "broken.json"
    broken.write_bytes(base.read_bytes()[:1000])
    for words, text in (
        ((base,), "name an output"),
        ((base, "-o", tmp_path / "r.pdf"), "a report is .html, .md or .txt"),
        ((base, "-o", taken), "exists: choose another -o, or --force"),
        ((broken, "-o", tmp_path / "r.html"), "broken.json is not valid JSON"),
        ((tmp_path / "none.json", "--format", "txt"), "cannot read"),
        (("--extract", base, "-o", tmp_path), "not a page of kbench report"),
        (("--extract", taken, taken), "--extract takes one page"),
    ):
        assert text in kbench("report", *words).refused(), words
    assert taken.read_text() == "mine"
    assert not (tmp_path / "r.html").exists()


def test_a_hundred_benchmarks_of_two_suites_stay_small(tmp_path: Path) -> None:
    """3 MB and no more; the time is measured by make perf, and bounded here against a hang."""
    paths = hundred(tmp_path / "a.json", 1), hundred(tmp_path / "b.json", 2)
    start = time.monotonic()
    kbench("report", *paths, "-o", tmp_path / "r.html").worked()
    print(f"{time.monotonic() - start:.1f} s")
    assert (tmp_path / "r.html").stat().st_size <= 3 << 20
