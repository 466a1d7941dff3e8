# SPDX-License-Identifier: MIT
"""The raw suites inside a page, and back out of it: byte for byte.

Each is a download link, which works without kbench too:
<a download="a.json.gz" href="data:application/gzip;base64,..." data-suite="a.json">.
"""

import base64
import binascii
import gzip
import hashlib
import zlib
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath

from kbench.errors import KbenchError
from kbench.files import read_regular

PREFIX = "data:application/gzip;base64,"
MOST_PAGE = 512 << 20
MOST_SUITE = 256 << 20
"""Bytes; what kbench.record.pyperf_json accepts as a suite."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """One suite as a page holds it."""

    name: str
    sha256: str
    href: str


def embed(name: str, data: bytes) -> Embedded:
    """The suite file `name` with content `data`; the same bytes give the same text."""
    packed = gzip.compress(data, compresslevel=9, mtime=0)
    text = PREFIX + base64.b64encode(packed).decode()
    return Embedded(name, hashlib.sha256(data).hexdigest(), text)


def extract(page: Path) -> dict[str, bytes]:
    """The suites of a page by file name.

    Raises KbenchError when it is not a page of kbench, or when a checksum does not match.
    """
    try:
        text = read_regular(page, MOST_PAGE).decode()
    except UnicodeDecodeError:
        raise KbenchError(f"{page} is not a page of kbench report: not UTF-8") from None
    links = _Links()
    links.feed(text)
    if not links.found:
        raise KbenchError(f"{page} holds no suites: it is not a page of kbench report")
    suites: dict[str, bytes] = {}
    for number, link in enumerate(links.found, 1):
        name = _safe(link.name, number)
        if name in suites:
            name = f"{number}-{name}"
        suites[name] = _unpack(page, link)
    return suites


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Embedded] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "data-suite" in given:
            self.found.append(
                Embedded(given["data-suite"], given.get("data-sha256", ""), given.get("href", ""))
            )


def _unpack(page: Path, link: Embedded) -> bytes:
    """The suite's bytes, bounded in number. Raises KbenchError when they are damaged."""
    damaged = KbenchError(f"{page}: the suite {link.name} in it is damaged")
    if not link.href.startswith(PREFIX):
        raise damaged
    try:
        packed = base64.b64decode(link.href.removeprefix(PREFIX), validate=True)
        inflater = zlib.decompressobj(wbits=31)
        data = inflater.decompress(packed, MOST_SUITE + 1)
    except (binascii.Error, ValueError, zlib.error):
        raise damaged from None
    if len(data) > MOST_SUITE or hashlib.sha256(data).hexdigest() != link.sha256:
        raise damaged
    return data


def _safe(name: str, number: int) -> str:
    """A plain file name in one folder, whatever the page says."""
    plain = PurePosixPath(name.replace("\\", "/")).name.lstrip(".")
    return plain if plain and plain.isprintable() else f"suite-{number}.json"
