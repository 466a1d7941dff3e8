# SPDX-License-Identifier: MIT
"""The page in a real browser: it draws, asks for nothing, toggles, answers hover and keys."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.browser import Page, browser
from support.cli import kbench
from support.explained import exit_tree
from support.explained import explanation as explained
from support.reports import host, lab

from kbench.report.render import explanation

COLOR = "return getComputedStyle(arguments[0]).fill"
SHOWN = "return getComputedStyle(arguments[0]).display !== 'none'"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    suites = (
        host(folder / "base.json"),
        host(folder / "head.json", 1.2, seed=1),
        lab(folder / "stock.json"),
    )
    kbench("report", *suites, "-o", folder / "r.html").worked()
    return folder / "r.html"


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as opened:
        yield opened


def mark(page: Page, figure: str, text: str) -> Any:
    return page.find(f"figure#{figure} .view svg [aria-label*='{text}']")


def test_draws_in_silence_and_without_network(page: Page, report: Path) -> None:
    page.open(report)
    assert page.complaints() == []
    assert page.requests() == []
    assert page.run("return document.querySelectorAll('figure svg').length") > 10
    flat = "return [...document.querySelectorAll('figure svg')].filter(s => s.checkVisibility())"
    heights = page.run(flat + ".map(s => s.getBoundingClientRect().height)")
    assert heights and min(heights) > 60


def test_policy_forbids_everything_but_its_own_script(page: Page, report: Path) -> None:
    """A script, an image and a connection that are not the page's own do nothing."""
    page.open(report)
    page.run(
        """
        const script = document.createElement("script");
        script.textContent = "window.foreign = 1";
        document.body.append(script);
        const image = new Image();
        image.src = "http://192.0.2.1/x.png";
        document.body.append(image);
        """
    )
    assert page.run("return window.foreign === undefined")
    assert page.run("return fetch('http://192.0.2.1/').then(() => 'reached', () => 'refused')") == (
        "refused"
    )
    assert all("Content Security Policy" in text for text in page.complaints())


def test_hover_says_the_values(page: Page, report: Path) -> None:
    page.open(report)
    tip = page.find("#tip")
    assert not tip.is_displayed()
    page.hover(mark(page, "exits-host-pvm-exit", "exit.pio_out, base"))
    assert tip.is_displayed()
    assert tip.text.startswith("exit.pio_out, base: p50 6.") and "p99" in tip.text
    page.hover(page.find("h1"))
    assert not tip.is_displayed()


def test_arrow_keys_walk_the_marks(page: Page, report: Path) -> None:
    page.open(report)
    chart = "figure#exits-host-pvm-exit svg"
    page.press(chart, "ARROW_RIGHT")
    first = page.find("#tip").text
    page.press(chart, "ARROW_RIGHT")
    assert first and page.find("#tip").text not in ("", first)
    page.press(chart, "ARROW_LEFT")
    assert page.find("#tip").text == first
    page.press(chart, "ESCAPE")
    assert not page.find("#tip").is_displayed()


@pytest.mark.parametrize("script", [True, False])
def test_a_series_is_hidden_and_shown(page: Page, report: Path, script: bool) -> None:
    """The toggles are CSS: they work without JavaScript, too."""
    page.open(report, script=script)
    base = mark(page, "exits-host-pvm-exit", "exit.pio_out, base")
    head = mark(page, "exits-host-pvm-exit", "exit.pio_out, head")
    box = page.find("figure#exits-host-pvm-exit input.k-s0")
    visible = page.run(COLOR, base)
    box.click()
    assert page.run(COLOR, base) == "rgba(0, 0, 0, 0)"
    assert page.run(COLOR, head) != "rgba(0, 0, 0, 0)"
    box.click()
    assert page.run(COLOR, base) == visible


@pytest.mark.parametrize("script", [True, False])
def test_pattern_and_scale_select_one_view(page: Page, report: Path, script: bool) -> None:
    page.open(report, script=script)
    found = "[...document.querySelectorAll('#tradeoff-host-pvm .view')]"
    views = f"return {found}.map(view => getComputedStyle(view).display !== 'none')"
    assert page.run(views) == [True, False, False, False]
    page.find("#tradeoff-host-pvm input.c1-2").click()
    assert page.run(views) == [False, True, False, False]
    page.find("#tradeoff-host-pvm input.c0-2").click()
    assert page.run(views) == [False, False, False, True]


def test_readable_without_script(page: Page, report: Path) -> None:
    page.open(report, script=False)
    text = page.find("main").text
    assert "what each costs" in text and "exit.pio_out" in text
    assert page.run(SHOWN, mark(page, "tradeoff-host-pvm", "hlt: of a pCPU"))


def test_dark_and_light_differ_and_print_is_light(page: Page, report: Path) -> None:
    paper = "return getComputedStyle(document.body).backgroundColor"
    page.open(report, scheme="light")
    light = page.run(paper), page.run(COLOR, mark(page, "exits-host-pvm-exit", "base"))
    page.media("screen", "dark")
    dark = page.run(paper), page.run(COLOR, mark(page, "exits-host-pvm-exit", "base"))
    assert light[0] == "rgb(255, 255, 255)" and dark[0] == "rgb(20, 24, 29)"
    assert light[1] != dark[1]
    page.media("print", "dark")
    assert page.run(paper) == light[0]


def test_print_leaves_out_what_paper_cannot_do(page: Page, report: Path) -> None:
    page.open(report)
    page.media("print", "light")
    for selector in ("nav", "#raw", "figure input"):
        assert not page.run(SHOWN, page.find(selector)), selector
    page.run("window.dispatchEvent(new Event('beforeprint'))")
    assert page.run("return [...document.querySelectorAll('details')].every(d => d.open)")
    # Of a choice, paper shows what was chosen.
    chosen = page.find("#tradeoff-host-pvm .controls").text
    assert "tick250" in chosen and "poisson" not in chosen


@pytest.mark.parametrize("width", [360, 800, 1600])
def test_nothing_overflows_the_page(page: Page, report: Path, width: int) -> None:
    page.open(report, width=width)
    assert page.run("return document.documentElement.scrollWidth") <= width


def test_a_narrow_window_scrolls_the_icicle_alone(page: Page, tmp_path: Path) -> None:
    # As wide as a telephone, its names would be 3 pixels high.
    path = tmp_path / "e.html"
    path.write_text(explanation.page(explained(exit_tree())))
    page.open(path, width=420)
    assert page.run("return document.documentElement.scrollWidth") == 420
    height = "return document.querySelector('.icicle text').getBoundingClientRect().height"
    assert page.run(height) > 7
