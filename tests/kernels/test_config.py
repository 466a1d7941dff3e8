# SPDX-License-Identifier: MIT
import pytest

from kbench.kernels import config
from kbench.kernels.errors import KernelError


def test_options_are_read_as_config_has_them() -> None:
    lines = ["# a comment", "CONFIG_A=y", "# CONFIG_B is not set", 'CONFIG_C="x y"']
    text = "\n".join([*lines, "CONFIG_D=250", "CONFIG_E=n", ""])
    options = {"CONFIG_A": "y", "CONFIG_B": "n", "CONFIG_C": '"x y"', "CONFIG_D": "250",
               "CONFIG_E": "n"}  # fmt: skip
    assert config.parse(text) == options
    assert config.parse(config.text(options)) == options


def test_fragments_do_not_contradict_each_other() -> None:
    required = config.fragment("required")
    assert required["CONFIG_KVM"] == "m"
    for name in ("build", "tiny"):
        other = config.fragment(name)
        assert other
        assert not {option for option in other if option in required}


def test_everything_that_is_lacking_is_named() -> None:
    config.require(config.text(config.fragment("required")), "it")
    text = config.text(config.fragment("required") | {"CONFIG_PVH": "n", "CONFIG_EPOLL": "n"})
    with pytest.raises(KernelError, match=r"needs CONFIG_PVH=y, CONFIG_EPOLL=y$"):
        config.require(text, "it")
