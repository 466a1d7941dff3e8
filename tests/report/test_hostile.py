# SPDX-License-Identifier: MIT
"""Suites are untrusted: whatever they say is text, in every form of a report."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.browser import Page, browser
from support.cli import kbench
from support.reports import run
from support.suites import Metadata, write

EVIL = (
    "<script>window.evil=1</script>",
    "</script></style></title></svg><img src=x onerror=window.evil=1>",
    "\"' onmouseover=window.evil=1 x='",
    "javascript:window.evil=1",
    "{{7*7}}{% include '/etc/passwd' %}",
    "](javascript:window.evil=1) | @everyone &lt;b&gt; `x` ![x](http://192.0.2.1/x)",
    "datum.value; window.evil=1 //",
    "x" * 300,
)


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every text that a suite can hold is hostile: names, policies, provenance, warnings, file."""
    folder = tmp_path_factory.mktemp("hostile")
    rows: dict[str, list[Metadata]] = {}
    for family, texts in (("exit", EVIL), ("idle", EVIL[:2]), ("wake", EVIL[:2])):
        for text in texts:
            more: Metadata = {"kbench_warnings": text}
            more |= {"kbench_hdr_" + text: str(run(1e-6)["kbench_hdr"])}
            rows[f"{family}.{text}@{text}"] = [
                {**run(6e-6, 0.1, k, value=0.5), **more} for k in (1, 2)
            ]
    rows["exit.void"] = [run(6e-6), run(6e-6, kbench_void=EVIL[0])]
    names = ("<img src=x onerror=evil>.json", "b'\"&.json")
    where = {"kbench_cpu_model": EVIL[1], "kbench_kernel": EVIL[0], "kbench_" + EVIL[1]: EVIL[2]}
    return [write(folder / name, rows, kbench_title=EVIL[1], **where) for name in names]


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as opened:
        yield opened


def test_page_is_inert(page: Page, suites: list[Path], tmp_path: Path) -> None:
    kbench("report", *suites, "-o", tmp_path / "r.html").worked()
    page.open(tmp_path / "r.html")
    assert page.complaints() == []
    assert page.requests() == []
    assert page.run("return window.evil === undefined")
    assert page.run("return document.scripts.length") == 1
    assert page.run("return document.images.length") == 0
    found = "return [...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())"
    assert not [name for name in page.run(found) if name.startswith("on")]
    links = page.run("return [...document.links].map(a => a.getAttribute('href').slice(0, 5))")
    assert set(links) == {"data:"} | {link for link in links if link.startswith("#")}
    assert page.run("return document.documentElement.scrollWidth") <= 1200
    assert EVIL[0] in page.find("main").get_attribute("textContent")
    # What a mark says of itself is shown as text, too.
    page.hover(page.find("figure#exits-host-vmx-exit svg [aria-label*='img src=x']"))
    assert "<img src=x" in page.find("#tip").text
    assert page.run("return window.evil === undefined")


def test_svg_files_are_inert(suites: list[Path], tmp_path: Path) -> None:
    kbench("report", *suites, "--svg", tmp_path / "pictures").worked()
    for path in (tmp_path / "pictures").iterdir():
        text = path.read_text()
        assert "<script" not in text and "<img" not in text and "<foreignObject" not in text


def test_markdown_is_inert(suites: list[Path]) -> None:
    text = kbench("report", *suites, "--format", "md").worked()
    plain = text.replace("<details>", "").replace("</details>", "")
    plain = plain.replace("<summary>", "").replace("</summary>", "")
    for character in ("<", "](", "@everyone", "`"):
        at = plain.find(character)
        assert at < 0 or plain[at - 1] == "\\", plain[max(0, at - 30) : at + 30]


def test_text_is_ascii(suites: list[Path]) -> None:
    text = kbench("report", *suites, "--format", "txt").worked()
    assert text.isascii() and text.replace("\n", "").isprintable()
    assert max(map(len, text.splitlines())) <= 72
