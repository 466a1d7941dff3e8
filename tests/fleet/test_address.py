# SPDX-License-Identifier: MIT
import pytest

from kbench.errors import KbenchError
from kbench.fleet.address import require_safe


@pytest.mark.parametrize(
    "address",
    ["tcp://127.0.0.1:8786", "10.1.2.3:8786", "tcp://[fd00::1]:8786", "tcp://[::1]:8786",
     "tcp://192.168.7.7:8786", "tls://93.184.216.34:8786", "localhost:8786", "inproc://1/2/3"],
)  # fmt: skip
def test_private_or_encrypted_is_taken(address: str) -> None:
    require_safe(address)


@pytest.mark.parametrize("address", ["tcp://93.184.216.34:8786", "ws://[2606:4700::1]:8786"])
def test_public_without_tls_is_refused(address: str) -> None:
    with pytest.raises(KbenchError, match=r"is a public address .* and not encrypted: use tls://"):
        require_safe(address)


@pytest.mark.parametrize("address", ["here", "tcp://10.0.0.1", "tcp://10.0.0.1:port"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(KbenchError, match="is no scheduler's address"):
        require_safe(address)
