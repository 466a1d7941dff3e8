# SPDX-License-Identifier: MIT
"""Histogram strings from files: valid ones decode, no other bytes crash or swell."""

import base64
import struct
import zlib

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st
from support.suites import encoded, histogram

from kbench.errors import KbenchError
from kbench.suite.histogram import decode


def packed(plain: bytes, cookie: int = 0x1C849314) -> str:
    body = zlib.compress(plain)
    return base64.b64encode(struct.pack(">II", cookie, len(body)) + body).decode()


def header(counts: bytes = b"", **fields: int) -> bytes:
    values = {"cookie": 0x1C849313, "length": len(counts), "offset": 0, "digits": 3}
    values |= {"lowest": 1, "highest": 60_000_000_000, **fields}
    return struct.pack(">IIIIQQd", *values.values(), 1.0) + counts


@given(st.lists(st.integers(1, 60_000_000_000), min_size=1))
def test_round_trip(values: list[int]) -> None:
    original = HdrHistogram(1, 60_000_000_000, 3)
    for value in values:
        original.record_value(value)
    result = decode(original.encode().decode())
    assert result.get_total_count() == len(values)
    for percentile in (0.001, 50, 99, 100):
        mine = result.get_value_at_percentile(percentile)
        assert mine == original.get_value_at_percentile(percentile)


BAD = {
    "empty": ("shorter than its header", ""),
    "not-base64": ("not base64", "§§§"),
    "blanks": ("not base64", encoded(6000) + "\n"),
    "cut": ("says", base64.b64encode(base64.b64decode(encoded(6000))[:-5]).decode()),
    "cookie": ("not a V2", packed(header(), 0x1C849304 ^ 1)),
    "inner-cookie": ("not a V2", packed(header(cookie=0x1C849303 ^ 7))),
    "zlib": ("cannot be decompressed", base64.b64encode(
        struct.pack(">II", 0x1C849314, 4) + b"abcd").decode()),
    "bomb": ("decompresses to more", packed(b"\0" * (64 << 20))),
    "short": ("shorter than its header", packed(b"\0" * 10)),
    "range": ("has range 1..9223372036854775807", packed(header(highest=2**63 - 1))),
    "digits": ("with 5 digits", packed(header(digits=5))),
    "length": ("bytes of counts", packed(header(b"\2\2", length=7))),
    "varint": ("corrupt", packed(header(b"\x80"))),
    "overrun": ("corrupt", packed(header(b"\xff\xff\x7f\2\2"))),
}  # fmt: skip


@pytest.mark.parametrize(("message", "text"), BAD.values(), ids=BAD)
def test_bad_strings(message: str, text: str) -> None:
    with pytest.raises(KbenchError, match=message):
        decode(text)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_counts_decode_or_are_refused(counts: bytes) -> None:
    try:
        decode(packed(header(counts)))
    except KbenchError as error:
        assert "histogram" in str(error)


def test_encoded_matches_its_histogram() -> None:
    assert decode(encoded(6000)).get_max_value() == histogram(6000).get_max_value()
