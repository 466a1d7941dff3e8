# SPDX-License-Identifier: MIT
import json
import sys

import pytest
from support.fleet import cluster

from kbench.cli._app import run
from kbench.cli._exit import code
from kbench.doctor.fleet import makers


def test_the_machines_of_a_fleet() -> None:
    with cluster() as address:
        made = makers(address, 100)
        text, document = made["table"](), json.loads(made["json"]())
    assert document["version"] == 1 and document["scheduler"] == address
    assert [each["labs"] for each in document["machines"]] == [1, 1]
    for each in document["machines"]:
        assert each["kvm_reason"] == each["refused"] == "" and len(each["checks"]) > 10
        assert each["address"] in text and each["machine"] in text
    disturbing = [check for check in document["machines"][0]["checks"] if not check["ok"]]
    assert all(check["name"] in text for check in disturbing)


@pytest.mark.parametrize("words", [("cluster",), ("worker",), ("run", "exit.hlt", "--cluster")])
def test_a_public_address_is_refused(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["kbench", *words, "tcp://93.184.216.34:8786"])
    assert code(run) == 2
    out, err = capsys.readouterr()
    assert not out and err.count("\n") == 1 and "not encrypted" in err
