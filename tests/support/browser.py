# SPDX-License-Identifier: MIT
"""Debian's chromium, headless, driven by selenium: what a reader of a report sees."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")


class Page:
    """A page that was opened from its file."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def open(
        self, path: Path, *, scheme: str = "light", width: int = 1200, script: bool = True
    ) -> None:
        """Load `path` with this colour scheme, width (CSS pixels), and JavaScript or not."""
        self._command("Emulation.setScriptExecutionDisabled", value=not script)
        self._command(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=900, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        self.media("screen", scheme)
        self._driver.get_log("performance")
        self._driver.get_log("browser")
        self._driver.get(path.resolve().as_uri())

    def media(self, media: str, scheme: str) -> None:
        """Show the page on "screen" or in "print", in the colours of "light" or "dark"."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._command("Emulation.setEmulatedMedia", media=media, features=features)

    def run(self, script: str, *words: Any) -> Any:
        """The value of JavaScript that returns one; works with the page's own scripts off."""
        return self._driver.execute_script(script, *words)

    def find(self, selector: str) -> Any:
        """The first element that matches, or NoSuchElementException."""
        return self._driver.find_element("css selector", selector)

    def hover(self, element: Any) -> None:
        """Move the pointer over `element`."""
        from selenium.webdriver.common.action_chains import ActionChains

        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        ActionChains(self._driver).move_to_element(element).perform()

    def press(self, selector: str, key: str) -> None:
        """Focus an element and press a key ("ARROW_RIGHT")."""
        from selenium.webdriver.common.keys import Keys

        self.find(selector).send_keys(getattr(Keys, key))

    def complaints(self) -> list[str]:
        """What the console said since the page was opened."""
        return [row["message"] for row in self._driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Addresses that the page asked for since it was opened, its own file aside."""
        rows = (
            json.loads(row["message"])["message"] for row in self._driver.get_log("performance")
        )
        sent = [row for row in rows if row["method"] == "Network.requestWillBeSent"]
        return [row["params"]["request"]["url"] for row in sent[1:]]

    def screenshot(self, path: Path) -> None:
        """The window as PNG."""
        self._driver.save_screenshot(str(path))

    def _command(self, name: str, **parameters: Any) -> None:
        self._driver.execute_cdp_cmd(name, parameters)


@contextmanager
def browser() -> Iterator[Page]:
    """A browser; skips the test where Debian's chromium and chromium-driver are missing."""
    pytest.importorskip("selenium")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs Debian's chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in OPTIONS:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(driver))
    try:
        started.set_page_load_timeout(60)
        yield Page(started)
    finally:
        started.quit()
