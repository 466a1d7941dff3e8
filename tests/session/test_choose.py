# SPDX-License-Identifier: MIT
"""One `kbench run` measures on one target or on both."""

import errno

import pytest

from kbench.errors import KbenchError
from kbench.kvm import IoctlError
from kbench.session import choose
from kbench.session.choose import Choice, sessions

HOST = Choice("host")
LAB, LAB_ALL = Choice("lab"), Choice("lab", "all")


@pytest.mark.parametrize(
    ("selector", "target", "works", "expected"),
    [
        ("exit", "auto", True, [Choice("auto")]),
        ("exit", "both", True, [HOST, LAB]),
        ("exit", "lab", True, [LAB]),
        ("rfc", "auto", True, [HOST, LAB_ALL]),
        ("rfc", "auto", False, [LAB_ALL]),
        ("rfc", "host", True, [HOST]),
        ("rfc", "both", False, [HOST, LAB_ALL]),
    ],
)
def test_where_a_run_measures(
    selector: str,
    target: str,
    works: bool,
    expected: list[Choice],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choose, "host_works", lambda report: works)
    assert sessions(Choice(target), [selector]) == expected


def test_the_lab_s_options_choose_the_lab_and_its_modules() -> None:
    one = Choice("lab", "stock", "6.12")
    assert sessions(one, ["rfc"]) == [one]
    assert sessions(Choice("auto", "rfc-v1"), ["rfc"]) == [Choice("lab", "rfc-v1")]


def test_an_unknown_target_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(KbenchError, match="one of auto, host, lab, both"):
        sessions(Choice("moon"), ["exit"])


def test_the_host_takes_no_option_of_the_lab() -> None:
    with pytest.raises(KbenchError, match="--kernel is for the lab"):
        choose.choose(Choice("host", kernel="6.12"))


def no_kvm(number: int, name: str = "open") -> object:
    """A System that cannot be opened."""

    def refuse() -> None:
        raise IoctlError(name, number)

    return refuse


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (errno.ENOENT, "no /dev/kvm: measuring in the lab: instructions, not time"),
        (errno.ENODEV, "/dev/kvm: No such device (ENODEV): the CPU offers neither vmx nor svm, and "
         "no pvm module is loaded: measuring in the lab: instructions, not time"),
    ],
)  # fmt: skip
def test_the_lab_instead_is_said_first(
    number: int, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "System", no_kvm(number))
    said: list[str] = []
    assert choose.choose(Choice(), said.append).name == "lab"
    assert sessions(Choice(), ["rfc"], said.append) == [LAB_ALL]
    assert said == [line, line]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_a_device_that_one_may_not_open_is_no_reason_for_the_lab(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "System", no_kvm(number))
    for ask in (lambda: choose.choose(Choice()), lambda: sessions(Choice(), ["rfc"])):
        with pytest.raises(IoctlError, match="--target lab measures without it"):
            ask()
    assert choose.choose(Choice("lab")).name == "lab"
    assert choose.choose(Choice("auto", "all")).name == "lab"


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (Choice("lab", machine="arm"), "no lab machine 'arm': known are svm, vmx"),
        (Choice("host", machine="vmx"), "--machine is for the lab"),
        (Choice("lab", machine="vmx", cluster="tcp://a:1"), "vmx does not work with --cluster"),
        (Choice("lab", machine="vmx", explain=True), "vmx does not work with --explain"),
    ],
)
def test_a_machine_is_refused_where_it_cannot_be(choice: Choice, words: str) -> None:
    with pytest.raises(KbenchError, match=words):
        choose.choose(choice)


def test_an_unknown_machine_is_refused_before_the_host_measures() -> None:
    with pytest.raises(KbenchError, match="no lab machine 'arm'"):
        choose.sessions(Choice("both", machine="arm"), ["exit"])


@pytest.mark.parametrize(
    "lab", [Choice(machine="vmx"), Choice(kernel="6.12"), Choice(explain=True)]
)
def test_rfc_in_the_lab_has_the_whole_extension(lab: Choice) -> None:
    (session,) = choose.sessions(lab, ["rfc"])
    assert (session.target, session.kvm) == ("lab", "all")


def test_a_machine_chooses_the_lab() -> None:
    assert choose.choose(Choice(machine="vmx")).name == "lab"
