# SPDX-License-Identifier: MIT
"""HDR histograms of a suite: untrusted V2 strings, decoded within bounds.

The format is HdrHistogram's V2 compressed encoding in base64: a cookie and a length (2 x u32, big
endian), then zlib data that unpacks to a 40-byte header and ZigZag LEB128 counts. The library
bounds the counts but trusts the sizes, which are checked here first.
"""

import base64
import binascii
import struct
import zlib
from typing import Any

from kbench.errors import KbenchError
from kbench.suite.format import DIGITS, HIGHEST, LOWEST

# 27,648 counters for this range and precision, at most 9 bytes each, behind the header.
_COUNTERS = 27_648
_OUTER = struct.Struct(">II")
_INNER = struct.Struct(">IIIIQQd")
_MOST_BYTES = _INNER.size + 9 * _COUNTERS
_COMPRESSED_COOKIE, _PLAIN_COOKIE = 0x1C849314, 0x1C849313


def check(text: str) -> None:
    """Raise KbenchError unless a `kbench_hdr` string is intact: base64, zlib, sizes and header.

    Only decode() reads the counts themselves.
    """
    plain = _unpack(text)
    if len(plain) < _INNER.size:
        raise KbenchError("histogram is shorter than its header")
    cookie, length, offset, digits, lowest, highest, _ = _INNER.unpack_from(plain)
    if cookie != _PLAIN_COOKIE or offset != 0:
        raise KbenchError("histogram is not a V2 HDR histogram")
    if (lowest, highest, digits) != (LOWEST, HIGHEST, DIGITS):
        raise KbenchError(
            f"histogram has range {lowest}..{highest} with {digits} digits, "
            f"expected {LOWEST}..{HIGHEST} with {DIGITS}"
        )
    if length != len(plain) - _INNER.size:
        has = len(plain) - _INNER.size
        raise KbenchError(f"histogram says {length} bytes of counts and has {has}")


def decode(text: str) -> Any:
    """The hdrh.HdrHistogram of a `kbench_hdr` string. Raises KbenchError where it is damaged."""
    check(text)

    from hdrh.histogram import HdrHistogram

    try:
        return HdrHistogram.decode(text)
    except (ValueError, IndexError, OverflowError) as error:
        raise KbenchError(f"histogram's counts are corrupt: {error}") from None


def _unpack(text: str) -> bytes:
    """The bytes inside base64 and zlib, at most as many as a full histogram has."""
    try:
        packed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise KbenchError("histogram is not base64") from None
    if len(packed) < _OUTER.size:
        raise KbenchError("histogram is shorter than its header")
    cookie, length = _OUTER.unpack_from(packed)
    if cookie != _COMPRESSED_COOKIE:
        raise KbenchError("histogram is not a V2 HDR histogram")
    if length != len(packed) - _OUTER.size:
        raise KbenchError(f"histogram says {length} bytes, has {len(packed) - _OUTER.size}")
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(packed[_OUTER.size :], _MOST_BYTES + 1)
    except zlib.error as error:
        raise KbenchError(f"histogram cannot be decompressed: {error}") from None
    if len(plain) > _MOST_BYTES:
        raise KbenchError("histogram decompresses to more than a histogram can hold")
    if not inflater.eof or inflater.unused_data:
        raise KbenchError("histogram's compressed data is cut off or followed by other data")
    return plain
