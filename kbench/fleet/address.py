# SPDX-License-Identifier: MIT
"""Which addresses of a scheduler are taken: whoever reaches it runs code on every machine."""

import ipaddress
import socket

from kbench.errors import KbenchError

ENCRYPTED = ("tls", "wss")
WITHIN = "inproc"  # a scheduler in this process has no network


def require_safe(address: str) -> None:
    """Raise KbenchError for a public address without TLS, and for what is no address.

    Public is what is neither loopback nor private (RFC 1918, RFC 4193, link-local).
    """
    protocol, separator, rest = address.partition("://")
    protocol, rest = (protocol, rest) if separator else ("tcp", address)
    if protocol in (*ENCRYPTED, WITHIN):
        return
    host, colon, port = rest.rpartition(":")
    if not colon or not port.rstrip("/").isdigit():
        raise KbenchError(f"{address} is no scheduler's address: it is like tcp://10.0.0.1:8786")
    try:
        found = socket.getaddrinfo(host.strip("[]") or None, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise KbenchError(f"{address}: there is no such host ({error.strerror})") from None
    public = [str(place[0]) for *_, place in found if not _private(str(place[0]))]
    if public:
        raise KbenchError(
            f"{address} is a public address ({public[0]}) and not encrypted: use tls:// with "
            "dask's certificates (docs/fleet.md), or a private network"
        )


def _private(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    return address.is_private or address.is_loopback or address.is_link_local
