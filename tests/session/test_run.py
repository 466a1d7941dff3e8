# SPDX-License-Identifier: MIT
"""The suite that a session writes."""

from pathlib import Path

from kbench.session.run import Output


def test_each_target_has_a_suite() -> None:
    assert Output(Path("a/rfc.json")).of("lab").path == Path("a/rfc-lab.json")
    assert Output().of("host").named.match("kbench-????????-??????-host.json")
